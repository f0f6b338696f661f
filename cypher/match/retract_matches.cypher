// Retract scored evidence that no longer holds; it stays readable as of earlier moments.
// access: write
UNWIND $pairs AS pair
MATCH (left:Record {id: pair[0]})-[match:MATCHES]->(right:Record {id: pair[1]})
WHERE match.retracted_at IS NULL
SET match.retracted_at = $at
RETURN count(match) AS retracted
