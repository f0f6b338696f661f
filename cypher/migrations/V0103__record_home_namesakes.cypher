// Records are found by surname and area.
// access: write
CREATE INDEX record_home_namesakes FOR (record:Record) ON (record.home_namesakes)
