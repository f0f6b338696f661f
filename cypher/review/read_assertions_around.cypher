// Read the assertions about some members that were in force at a moment; null is now.
// access: read
UNWIND $members AS member_id
CALL (member_id) {
  MATCH (identifier:Identifier {key: member_id}) RETURN identifier AS member
  UNION
  MATCH (record:Record {id: member_id}) RETURN record AS member
}
MATCH (member)-[assertion:ASSERTED_SAME|ASSERTED_DIFFERENT]-()
WHERE coalesce(assertion.retracted_at > $as_of, assertion.retracted_at IS NULL)
  AND ($as_of IS NULL OR assertion.at <= $as_of)
WITH DISTINCT assertion, startNode(assertion) AS left, endNode(assertion) AS right
RETURN assertion.id AS id, type(assertion) = 'ASSERTED_SAME' AS same, coalesce(left.key, left.id) AS left,
       coalesce(right.key, right.id) AS right, assertion.by AS by, assertion.at AS at, assertion.reason AS reason,
       assertion.purpose AS purpose
