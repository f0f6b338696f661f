// Find the identities that some members belonged to for a purpose at a moment; null is now.
// access: read
UNWIND $members AS member_id
CALL (member_id) {
  MATCH (identifier:Identifier {key: member_id}) RETURN identifier AS member
  UNION
  MATCH (record:Record {id: member_id}) RETURN record AS member
  UNION
  MATCH (individual:Identity {id: member_id}) RETURN individual AS member
}
MATCH (member)-[membership:MEMBER_OF|LIVES_IN]->(identity:Identity)
WHERE identity.purpose = $purpose
  AND CASE WHEN $as_of IS NULL THEN membership.valid_to IS NULL
      ELSE membership.valid_from <= $as_of AND coalesce(membership.valid_to > $as_of, true) END
RETURN member_id AS member, identity.id AS identity_id, identity.created_at.epochSeconds AS created_seconds,
       identity.created_at.nanosecond AS created_nanoseconds
