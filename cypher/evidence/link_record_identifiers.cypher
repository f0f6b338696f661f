// Widen the time in which versions of a record state an identifier.
// access: write
UNWIND $claims AS claim
MATCH (record:Record {id: claim.record_id})
MERGE (identifier:Identifier {key: claim.key})
  ON CREATE SET identifier.namespace = claim.namespace, identifier.value = claim.value
MERGE (record)-[carries:CARRIES]->(identifier)
  ON CREATE SET carries.first_seen = claim.first_seen, carries.last_seen = claim.last_seen
  ON MATCH SET
    carries.first_seen = CASE WHEN claim.first_seen < carries.first_seen THEN claim.first_seen ELSE carries.first_seen END,
    carries.last_seen = CASE WHEN claim.last_seen > carries.last_seen THEN claim.last_seen ELSE carries.last_seen END
