// Write the figures of days; what a day has beside them stays.
// access: write
UNWIND $days AS row
MERGE (day:HealthDay {id: row.id})
SET day += row.properties
