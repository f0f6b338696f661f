// List one page of the doubtful links that wait for a steward, oldest first: not settled, and not come true meanwhile.
// access: read
MATCH (held:HeldBack)
WHERE held.purpose IN $purposes AND held.reason IN $reasons AND held.until IS NULL
WITH held, COLLECT { MATCH (held)-[:HOLDS]->(member) RETURN member } AS members
WITH held, members, CASE WHEN size(members) = 2 THEN members ELSE [member IN members WHERE member:Record] END AS sides
WHERE size(sides) = 2
WITH held, members,
  CASE WHEN coalesce(sides[0].key, sides[0].id) < coalesce(sides[1].key, sides[1].id) THEN sides ELSE [sides[1], sides[0]] END AS sides
WITH held, members, sides[0] AS left, sides[1] AS right
WHERE NOT EXISTS {
  MATCH (left)-[assertion:ASSERTED_SAME|ASSERTED_DIFFERENT]-(right)
  WHERE assertion.retracted_at IS NULL AND coalesce(assertion.purpose = held.purpose, true)
} AND NOT (held.reason = 'predicted' AND EXISTS {
  MATCH (left)-[one:MEMBER_OF]->(:Individual)<-[other:MEMBER_OF]-(right)
  WHERE one.valid_to IS NULL AND other.valid_to IS NULL
})
WITH held, members, left, right ORDER BY held.since, held.id
WITH collect({held: held, members: members, left: left, right: right}) AS items
WITH size(items) AS total,
  [item IN items WHERE coalesce(
      item.held.since > $after_at OR (item.held.since = $after_at AND item.held.id > $after_id), true)][..$first] AS page
RETURN total, COLLECT {
  UNWIND page AS item
  WITH item.held AS held, item.members AS members, item.left AS left, item.right AS right
  RETURN {
    id: held.id, purpose: held.purpose, reason: held.reason, detail: held.detail, since: held.since,
    left: coalesce(left.key, left.id), right: coalesce(right.key, right.id),
    members: [member IN members | coalesce(member.key, member.id)],
    left_identity: head(COLLECT {
      MATCH (left)-[membership:MEMBER_OF|LIVES_IN]->(identity:Identity)
      WHERE membership.valid_to IS NULL AND identity.purpose = held.purpose
      RETURN identity.id
    }),
    right_identity: head(COLLECT {
      MATCH (right)-[membership:MEMBER_OF|LIVES_IN]->(identity:Identity)
      WHERE membership.valid_to IS NULL AND identity.purpose = held.purpose
      RETURN identity.id
    })
  }
} AS items
