// Stream the categories that products were said to be of before a cutoff.
// access: read
MATCH (product:Product)-[given:IN_CATEGORY]->(category:Category)
WHERE given.first_seen < $cutoff
RETURN product.id AS product, category.name AS category, given.first_seen AS at
