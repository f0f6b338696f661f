// List the assertions that nobody retracted.
// access: read
MATCH (left)-[assertion:ASSERTED_SAME|ASSERTED_DIFFERENT]->(right)
WHERE assertion.retracted_at IS NULL
RETURN assertion.id AS id, type(assertion) = 'ASSERTED_SAME' AS same, coalesce(left.key, left.id) AS left,
       coalesce(right.key, right.id) AS right, assertion.by AS by, assertion.at AS at, assertion.reason AS reason,
       assertion.purpose AS purpose
