// Record that a steward asserted or retracted something, with the identities it is about; once for each id.
// access: write
MERGE (decision:Decision {id: $id})
  ON CREATE SET decision.kind = $kind, decision.purpose = $purpose, decision.policy_version = $policy_version,
    decision.actor = $actor, decision.at = $at, decision.before = $before, decision.after = $after, decision.reason = $reason,
    decision.run_id = $run_id
WITH decision
UNWIND $identity_ids AS identity_id
MATCH (identity:Identity {id: identity_id})
MERGE (decision)-[:DECIDED]->(identity)
