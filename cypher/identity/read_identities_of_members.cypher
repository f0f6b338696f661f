// Find the current identities of some members for a purpose.
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
WHERE membership.valid_to IS NULL AND identity.purpose = $purpose
RETURN member_id AS member, identity.id AS identity_id
