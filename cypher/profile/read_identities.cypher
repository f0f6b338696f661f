// Read identities by id, each followed through its redirects to the identity that it is part of now or was as of a moment.
// access: read
UNWIND $identity_ids AS asked_id
MATCH path = (:Identity {id: asked_id})-[:REDIRECTS_TO*0..50]->(identity:Identity)
WHERE all(redirect IN relationships(path) WHERE $as_of IS NULL OR redirect.at <= $as_of)
  AND NOT EXISTS {
    MATCH (identity)-[onward:REDIRECTS_TO]->(:Identity)
    WHERE $as_of IS NULL OR onward.at <= $as_of
  }
  AND ($as_of IS NULL OR identity.created_at <= $as_of)
RETURN asked_id, identity {.id, .purpose, .created_at, .retired_at} AS identity
