// One node per record of a source.
// access: write
CREATE CONSTRAINT record_id_unique FOR (record:Record) REQUIRE record.id IS UNIQUE
