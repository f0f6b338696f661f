// Read the pairs of identifiers seen together by a moment, of which at least one is among some members; null is now.
// access: read
UNWIND $members AS member_id
MATCH (member:Identifier {key: member_id})-[seen:SEEN_WITH]-(:Identifier)
WHERE coalesce(seen.retracted_at > $as_of, seen.retracted_at IS NULL)
WITH DISTINCT seen, startNode(seen) AS left, endNode(seen) AS right
CALL (seen, left, right) {
  WITH * WHERE $as_of IS NULL
  RETURN seen.first_seen AS first_seen
  UNION
  WITH * WHERE $as_of IS NOT NULL
  MATCH (left)<-[:CARRIES]-(touchpoint:Touchpoint)-[:CARRIES]->(right)
  WHERE touchpoint.recorded_at <= $as_of
  RETURN min(touchpoint.at) AS first_seen
}
WITH left, right, first_seen WHERE first_seen IS NOT NULL
RETURN left.key AS left_key, right.key AS right_key, first_seen
