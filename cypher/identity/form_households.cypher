// Form a batch of households, each with its decision, of individuals that lived in none.
// access: write
UNWIND range(0, size($identity_ids) - 1) AS position
CREATE (household:Identity:Household {id: $identity_ids[position], purpose: $purpose, created_at: $at})
CREATE (decision:Decision {
  id: $decision_ids[position], kind: $kind, purpose: $purpose, policy_version: $policy_version, actor: $actor, at: $at,
  before: $before, after: $afters[position], reason: $reasons[position], run_id: $run_id
})
CREATE (decision)-[:DECIDED]->(household)
WITH position, household ORDER BY position
WITH collect(household) AS households
CALL (households) {
  UNWIND range(0, size($individuals) - 1) AS row
  WITH $individuals[row] AS id, $individual_positions[row] AS position, households
  MATCH (individual:Identity {id: id})
  WITH individual, position, households[position] AS household
  CREATE (individual)-[:LIVES_IN {valid_from: $at, decision_id: $decision_ids[position]}]->(household)
}
RETURN size(households) AS applied
