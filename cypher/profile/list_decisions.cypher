// List one page of the decisions about each of some identities, newest first.
// access: read
UNWIND $identity_ids AS identity_id
MATCH (:Identity {id: identity_id})<-[:DECIDED]-(decision:Decision)
WHERE $as_of IS NULL OR decision.at <= $as_of
WITH identity_id, decision ORDER BY decision.at DESC, decision.id DESC
WITH identity_id, collect(decision) AS decisions
RETURN identity_id, size(decisions) AS total,
  [decision IN decisions
    WHERE coalesce(decision.at < $after_at OR (decision.at = $after_at AND decision.id < $after_id), true)
    | decision {.id, .kind, .purpose, .policy_version, .actor, .at, .before, .after, .reason, .run_id}
  ][..$first] AS items
