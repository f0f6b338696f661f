// Find an assertion by its id, in force or retracted.
// access: read
CALL () {
  MATCH (left)-[assertion:ASSERTED_SAME {id: $id}]->(right) RETURN left, assertion, right
  UNION
  MATCH (left)-[assertion:ASSERTED_DIFFERENT {id: $id}]->(right) RETURN left, assertion, right
}
RETURN assertion.id AS id, type(assertion) = 'ASSERTED_SAME' AS same, coalesce(left.key, left.id) AS left,
       coalesce(right.key, right.id) AS right, assertion.by AS by, assertion.at AS at, assertion.reason AS reason,
       assertion.purpose AS purpose, assertion.retracted_at AS retracted_at, assertion.retracted_by AS retracted_by,
       assertion.retracted_reason AS retracted_reason
