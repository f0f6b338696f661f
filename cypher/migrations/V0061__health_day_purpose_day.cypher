// The figures of the latest days of a purpose are read on request and by scrapers of metrics.
// access: write
CREATE INDEX health_day_purpose_day FOR (day:HealthDay) ON (day.purpose, day.day)
