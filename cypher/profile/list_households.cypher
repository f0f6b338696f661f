// Find the household of each of some individuals.
// access: read
UNWIND $identity_ids AS identity_id
MATCH (:Identity {id: identity_id})-[home:LIVES_IN]->(household:Household)
WHERE CASE WHEN $as_of IS NULL THEN home.valid_to IS NULL
    ELSE home.valid_from <= $as_of AND coalesce(home.valid_to > $as_of, true) END
RETURN identity_id, household {.id, .purpose, .created_at, .retired_at} AS household
