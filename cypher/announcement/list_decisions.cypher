// List decisions of a purpose behind a place in the order of (time, id), up to a time.
// access: read
MATCH (decision:Decision)
WHERE decision.purpose = $purpose AND decision.at >= $after_at AND decision.at <= $until
  AND (decision.at > $after_at OR decision.id > $after_id) AND (decision.at < $until OR $inclusive)
WITH decision ORDER BY decision.at, decision.id LIMIT $limit
RETURN decision.id AS id, decision.kind AS kind, decision.purpose AS purpose, decision.policy_version AS policy_version,
  decision.actor AS actor, decision.at AS at, decision.before AS before, decision.after AS after,
  COLLECT { MATCH (decision)-[:DECIDED]->(identity:Identity) RETURN identity.id ORDER BY identity.id } AS identity_ids
