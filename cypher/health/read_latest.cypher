// Read when a purpose was last measured by a moment, and what was found then.
// access: read
MATCH (day:HealthDay)
WHERE day.purpose = $purpose AND day.day IS NOT NULL AND day.measured_at <= $by
RETURN day.measured_at AS measured_at, day.state AS state
ORDER BY day.day DESC
LIMIT 1
