// Widen the time in which versions of a record state an identifier.
// access: write
UNWIND $claims AS claim
MATCH (record:Record {id: claim.record_id})
MERGE (identifier:Identifier {key: claim.key})
  ON CREATE SET identifier.namespace = claim.namespace, identifier.value = claim.value
MERGE (record)-[states:STATES]->(identifier)
  ON CREATE SET states.first_seen = claim.first_seen, states.last_seen = claim.last_seen
  ON MATCH SET
    states.first_seen = CASE WHEN claim.first_seen < states.first_seen THEN claim.first_seen ELSE states.first_seen END,
    states.last_seen = CASE WHEN claim.last_seen > states.last_seen THEN claim.last_seen ELSE states.last_seen END
