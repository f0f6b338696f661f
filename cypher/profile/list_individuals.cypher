// List one page of the individuals of each of some households, in the order of their ids.
// access: read
UNWIND $identity_ids AS identity_id
MATCH (:Identity {id: identity_id})<-[home:LIVES_IN]-(individual:Individual)
WHERE CASE WHEN $as_of IS NULL THEN home.valid_to IS NULL
    ELSE home.valid_from <= $as_of AND coalesce(home.valid_to > $as_of, true) END
WITH identity_id, individual ORDER BY individual.id
WITH identity_id, collect(individual {.id, .purpose, .created_at, .retired_at}) AS individuals
RETURN identity_id, size(individuals) AS total,
  [individual IN individuals WHERE individual.id > $after_key][..$first] AS items
