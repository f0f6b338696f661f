// Records are found by the building that they state.
// access: write
CREATE INDEX record_home_building FOR (record:Record) ON (record.home_building)
