// Count by day and source the records of which the first version arrived within a time.
// access: read
MATCH (version:RecordVersion)
WHERE version.recorded_at >= $since AND version.recorded_at < $until
MATCH (record:Record)-[:HAS_VERSION]->(version)
WHERE NOT EXISTS {
  MATCH (record)-[:HAS_VERSION]->(other:RecordVersion)
  WHERE other.recorded_at < version.recorded_at OR (other.recorded_at = version.recorded_at AND other.id < version.id)
}
RETURN date(version.recorded_at) AS day, record.source AS source, count(*) AS added
