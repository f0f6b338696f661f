// Read what some records state about consent, the oldest statement first.
// access: read
UNWIND $record_ids AS record_id
MATCH (record:Record {id: record_id})-[:HAS_VERSION]->(version:RecordVersion)
WHERE version.consent <> '{}'
WITH record_id, version ORDER BY version.at, version.id
RETURN record_id, collect(version.consent) AS consents
