// Count the touchpoints of one source.
// access: read
MATCH (touchpoint:Touchpoint)
WHERE touchpoint.source = $source
RETURN count(touchpoint) AS touchpoints
