// List what happened to the identities of a purpose, day by day, oldest first.
// access: read
MATCH (day:HealthDay)
WHERE day.purpose = $purpose AND day.day >= $first AND day.day <= $last
RETURN day.day AS day, day.added AS added, day.recognised AS recognised, day.new AS new, day.formed AS formed,
       day.merged AS merged, day.split AS split, day.sources AS sources, day.decisions AS decisions
ORDER BY day
