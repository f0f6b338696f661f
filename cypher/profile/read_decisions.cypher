// Read decisions by id.
// access: read
MATCH (decision:Decision)
WHERE decision.id IN $decision_ids
RETURN decision.id AS id, decision {.id, .kind, .purpose, .policy_version, .actor, .at, .before, .after, .reason, .run_id} AS decision
