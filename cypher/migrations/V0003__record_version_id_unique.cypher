// One record version per message.
// access: write
CREATE CONSTRAINT record_version_id_unique FOR (version:RecordVersion) REQUIRE version.id IS UNIQUE
