// A day's figures of one purpose are written again while the day lasts.
// access: write
CREATE CONSTRAINT health_day_id_unique FOR (day:HealthDay) REQUIRE day.id IS UNIQUE
