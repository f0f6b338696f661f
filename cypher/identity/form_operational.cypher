// Form a batch of operational identities, each with its decision, of members that were in none.
// access: write
UNWIND range(0, size($identity_ids) - 1) AS position
CREATE (identity:Identity:Operational {id: $identity_ids[position], purpose: $purpose, created_at: $at})
CREATE (decision:Decision {
  id: $decision_ids[position], kind: $kind, purpose: $purpose, policy_version: $policy_version, actor: $actor, at: $at,
  before: $before, after: $afters[position], reason: $reasons[position], run_id: $run_id
})
CREATE (decision)-[:DECIDED]->(identity)
WITH position, identity ORDER BY position
WITH collect(identity) AS identities
CALL (identities) {
  UNWIND range(0, size($records) - 1) AS row
  WITH $records[row] AS id, $record_positions[row] AS position, identities
  MATCH (record:Record {id: id})
  WITH record, position, identities[position] AS identity
  CREATE (record)-[:MEMBER_OF {valid_from: $at, decision_id: $decision_ids[position]}]->(identity)
}
CALL (identities) {
  UNWIND range(0, size($identifiers) - 1) AS row
  WITH $identifiers[row] AS key, $identifier_positions[row] AS position, identities
  MATCH (identifier:Identifier {key: key})
  WITH identifier, position, identities[position] AS identity
  CREATE (identifier)-[:MEMBER_OF {valid_from: $at, decision_id: $decision_ids[position]}]->(identity)
}
RETURN size(identities) AS applied
