// List the current members of an identity.
// access: read
MATCH (identity:Identity {id: $identity_id})<-[membership:MEMBER_OF|LIVES_IN]-(member)
WHERE membership.valid_to IS NULL
RETURN coalesce(member.key, member.id) AS member, identity.id AS identity_id
