// Records are found by street and city.
// access: write
CREATE INDEX record_home_city FOR (record:Record) ON (record.home_city)
