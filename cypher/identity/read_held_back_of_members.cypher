// List what the policy of a purpose holds back now about some members; links that a model predicts are none of its business.
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
WHERE held.purpose = $purpose AND held.until IS NULL AND held.reason <> 'predicted'
WITH DISTINCT held
RETURN held.id AS id, held.purpose AS purpose, held.reason AS reason, held.detail AS detail, held.since AS since,
       COLLECT { MATCH (held)-[:HOLDS]->(other) RETURN coalesce(other.key, other.id) } AS members
