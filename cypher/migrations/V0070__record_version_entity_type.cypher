// Versions say whether they are about a person or an organization; of earlier ones their record knows it.
// access: write
MATCH (record:Record)-[:HAS_VERSION]->(version:RecordVersion)
WHERE version.entity_type IS NULL
CALL (record, version) {
  SET version.entity_type = record.entity_type
} IN TRANSACTIONS OF 10000 ROWS
