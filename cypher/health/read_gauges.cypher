// Read for each purpose what was measured last, and the decisions of all its days.
// access: read
UNWIND $purposes AS purpose
CALL (purpose) {
  MATCH (day:HealthDay)
  WHERE day.purpose = purpose AND day.day IS NOT NULL AND day.measured_at IS NOT NULL
  RETURN day.measured_at AS measured_at, day.state AS state
  ORDER BY day.day DESC
  LIMIT 1
}
RETURN purpose, measured_at, state, COLLECT {
  MATCH (past:HealthDay)
  WHERE past.purpose = purpose AND past.day IS NOT NULL
  RETURN past.decisions
} AS decisions
