// Stream the current members of each identity of individuals or of operational identities.
// access: read
MATCH (identity:Individual|Operational)
WHERE identity.purpose = $purpose
CALL (identity) {
  MATCH (member)-[membership:MEMBER_OF]->(identity)
  WHERE membership.valid_to IS NULL
  RETURN collect(coalesce(member.key, member.id)) AS members
}
WITH members WHERE size(members) > 0
RETURN members
