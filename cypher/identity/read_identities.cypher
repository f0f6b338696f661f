// Read a page of the identities of a purpose that are not retired, in the order of their ids, with their current members.
// access: read
MATCH (identity:Identity)
WHERE identity.id > $after AND identity.purpose = $purpose AND identity.retired_at IS NULL
WITH identity ORDER BY identity.id LIMIT $limit
RETURN collect([
  identity.id, identity.created_at.epochSeconds, identity.created_at.nanosecond,
  COLLECT {
    MATCH (identity)<-[membership:MEMBER_OF|LIVES_IN]-(member)
    WHERE membership.valid_to IS NULL
    RETURN coalesce(member.key, member.id)
  }
]) AS identities
