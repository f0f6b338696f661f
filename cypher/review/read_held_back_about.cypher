// List what a purpose held back about some members at a moment; null is now.
// access: read
UNWIND $members AS member_id
CALL (member_id) {
  MATCH (identifier:Identifier {key: member_id}) RETURN identifier AS member
  UNION
  MATCH (record:Record {id: member_id}) RETURN record AS member
  UNION
  MATCH (individual:Identity {id: member_id}) RETURN individual AS member
}
MATCH (held:HeldBack)-[:HOLDS]->(member)
WHERE held.purpose = $purpose
  AND CASE WHEN $as_of IS NULL THEN held.until IS NULL
      ELSE held.since <= $as_of AND coalesce(held.until > $as_of, true) END
WITH DISTINCT held
RETURN held.id AS id, held.purpose AS purpose, held.reason AS reason, held.detail AS detail, held.since AS since,
       COLLECT { MATCH (held)-[:HOLDS]->(other) RETURN coalesce(other.key, other.id) } AS members
