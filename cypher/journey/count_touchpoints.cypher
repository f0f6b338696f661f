// Count the touchpoints of the journey of each of some identities.
// access: read
UNWIND $identity_ids AS identity_id
MATCH (identity:Identity {id: identity_id})
CALL (identity) {
  RETURN identity AS owner
  UNION
  MATCH (identity)<-[home:LIVES_IN]-(owner:Individual)
  WHERE CASE WHEN $as_of IS NULL THEN home.valid_to IS NULL
      ELSE home.valid_from <= $as_of AND coalesce(home.valid_to > $as_of, true) END
  RETURN owner
}
MATCH (owner)<-[membership:MEMBER_OF]-(identifier:Identifier)
WHERE CASE WHEN $as_of IS NULL THEN membership.valid_to IS NULL
    ELSE membership.valid_from <= $as_of AND coalesce(membership.valid_to > $as_of, true) END
MATCH (identifier)<-[:CARRIES]-(touchpoint:Touchpoint)
WHERE ($as_of IS NULL OR touchpoint.recorded_at <= $as_of)
  AND ($types IS NULL OR touchpoint.type IN $types)
  AND ($channels IS NULL OR touchpoint.channel IN $channels)
  AND ($from_at IS NULL OR touchpoint.at >= $from_at)
  AND ($to_at IS NULL OR touchpoint.at < $to_at)
RETURN identity_id, count(DISTINCT touchpoint) AS total
