// Read the scored evidence between some records and any others that held at a moment, with what its weight is made of; null is now.
// access: read
UNWIND $members AS member_id
MATCH (:Record {id: member_id})-[match:MATCHES]-(:Record)
WHERE coalesce(match.retracted_at > $as_of, match.retracted_at IS NULL)
  AND ($as_of IS NULL OR match.scored_at <= $as_of)
WITH DISTINCT match, startNode(match) AS left, endNode(match) AS right
RETURN left.id AS left_id, right.id AS right_id, match.match_weight AS match_weight,
       coalesce(match.linked, true) AS linked, match.model AS model,
       match.comparisons AS comparisons
