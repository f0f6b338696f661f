// Count the interactions of each channel.
// access: read
MATCH (touchpoint:Touchpoint)
RETURN touchpoint.channel AS channel, count(*) AS touchpoints
ORDER BY touchpoints DESC
