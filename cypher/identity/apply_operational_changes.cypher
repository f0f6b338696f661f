// Write a batch of decisions about operational identities, each whole: the new edge before the stale one is closed.
// access: write
UNWIND $changes AS change
MERGE (identity:Identity {id: change.identity_id})
  ON CREATE SET identity:Operational, identity.purpose = change.purpose, identity.created_at = change.at
CREATE (decision:Decision {
  id: change.decision_id, kind: change.kind, purpose: change.purpose, policy_version: change.policy_version,
  actor: change.actor, at: change.at, before: change.before, after: change.after, reason: change.reason, run_id: change.run_id
})
CREATE (decision)-[:DECIDED]->(identity)
WITH change, identity
CALL (change, identity) {
  UNWIND change.openings AS member_id
  OPTIONAL MATCH (identifier:Identifier {key: member_id})
  OPTIONAL MATCH (record:Record {id: member_id})
  WITH change, identity, coalesce(record, identifier) AS member
  WHERE member IS NOT NULL
  CREATE (member)-[:MEMBER_OF {valid_from: change.at, decision_id: change.decision_id}]->(identity)
}
CALL (change) {
  UNWIND change.closings AS closing
  OPTIONAL MATCH (identifier:Identifier {key: closing[0]})
  OPTIONAL MATCH (record:Record {id: closing[0]})
  WITH change, closing, coalesce(record, identifier) AS member
  MATCH (member)-[stale:MEMBER_OF]->(former:Identity)
  WHERE former.id = closing[1] AND stale.valid_to IS NULL
  SET stale.valid_to = change.at
}
CALL (change, identity) {
  UNWIND change.redirects AS merged_id
  MATCH (merged:Identity {id: merged_id})
  CREATE (merged)-[:REDIRECTS_TO {at: change.at, decision_id: change.decision_id}]->(identity)
}
CALL (change) {
  UNWIND change.retired AS retired_id
  MATCH (retired:Identity {id: retired_id})
  SET retired.retired_at = change.at
}
RETURN count(*) AS applied
