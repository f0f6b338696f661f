// Report a batch of evidence that a policy leaves out.
// access: write
UNWIND range(0, size($ids) - 1) AS position
MERGE (held:HeldBack {id: $ids[position]})
  ON CREATE SET held.purpose = $purpose, held.reason = $reasons[position], held.since = $since
SET held.detail = $details[position]
WITH position, held ORDER BY position
WITH collect(held) AS helds
CALL (helds) {
  UNWIND range(0, size($records) - 1) AS row
  WITH $records[row] AS id, helds[$record_positions[row]] AS held
  MATCH (record:Record {id: id})
  MERGE (held)-[:HOLDS]->(record)
}
CALL (helds) {
  UNWIND range(0, size($others) - 1) AS row
  WITH $others[row] AS name, helds[$other_positions[row]] AS held
  OPTIONAL MATCH (identifier:Identifier {key: name})
  OPTIONAL MATCH (record:Record {id: name})
  OPTIONAL MATCH (identity:Identity {id: name})
  WITH held, coalesce(record, identifier, identity) AS member
  WHERE member IS NOT NULL
  MERGE (held)-[:HOLDS]->(member)
}
