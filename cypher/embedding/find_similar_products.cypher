// Find the products whose vectors are nearest to that of a product, nearest first.
// access: read
MATCH (current:EmbeddingSlot {current: true})
MATCH (product:Product {id: $product_id})
WHERE product['embedding_' + current.slot] IS NOT NULL
CALL db.index.vector.queryNodes('product_embedding_' + current.slot, $count + 1, product['embedding_' + current.slot])
YIELD node, score
WHERE node <> product
RETURN node.id AS product_id, node.name AS name, node.brand AS brand, score, current.version AS version
ORDER BY score DESC, product_id
LIMIT $count
