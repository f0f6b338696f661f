// Find which of some record ids and identifier keys the graph has.
// access: read
UNWIND $members AS member_id
CALL (member_id) {
  MATCH (identifier:Identifier {key: member_id}) RETURN identifier.key AS member
  UNION
  MATCH (record:Record {id: member_id}) RETURN record.id AS member
}
RETURN member
