// Find the individuals whose vectors are nearest to a vector, nearest first, without some.
// access: read
MATCH (current:EmbeddingSlot {current: true})
CALL db.index.vector.queryNodes('individual_embedding_' + current.slot, $count + size($left_out), $vector)
YIELD node, score
WHERE NOT node.id IN $left_out AND node.retired_at IS NULL
RETURN node.id AS identity_id, score, current.version AS version
ORDER BY score DESC, identity_id
LIMIT $count
