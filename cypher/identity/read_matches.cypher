// Stream scored evidence between records.
// access: read
MATCH (left:Record)-[match:MATCHES]->(right:Record)
WHERE match.retracted_at IS NULL
RETURN left.id AS left_id, right.id AS right_id, match.match_weight AS match_weight
