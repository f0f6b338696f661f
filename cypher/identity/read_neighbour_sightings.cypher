// Read the pairs of identifiers seen together of which at least one is among some members.
// access: read
UNWIND $members AS member_id
MATCH (member:Identifier {key: member_id})-[seen:SEEN_WITH]-(:Identifier)
WHERE seen.retracted_at IS NULL
WITH DISTINCT seen
RETURN startNode(seen).key AS left_key, endNode(seen).key AS right_key, seen.first_seen AS first_seen
