// List the members that some identities had at a moment; null is now.
// access: read
UNWIND $members AS identity_id
MATCH (identity:Identity {id: identity_id})<-[membership:MEMBER_OF|LIVES_IN]-(member)
WHERE CASE WHEN $as_of IS NULL THEN membership.valid_to IS NULL
    ELSE membership.valid_from <= $as_of AND coalesce(membership.valid_to > $as_of, true) END
RETURN coalesce(member.key, member.id) AS member, identity.id AS identity_id, identity.created_at.epochSeconds AS created_seconds,
       identity.created_at.nanosecond AS created_nanoseconds
