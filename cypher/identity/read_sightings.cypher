// Stream the pairs of identifiers that were seen together and that nobody retracted.
// access: read
MATCH (left:Identifier)-[seen:SEEN_WITH]->(right:Identifier)
WHERE seen.retracted_at IS NULL
RETURN left.key AS left_key, right.key AS right_key, seen.first_seen AS first_seen
