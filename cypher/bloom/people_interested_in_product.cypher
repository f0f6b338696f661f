// Show who viewed, carted or bought a product.
// access: read
MATCH (product:Product {name: $product})<-[about:ABOUT]-(touchpoint:Touchpoint)-[carries:CARRIES]->(identifier:Identifier)
MATCH (identifier)-[membership:MEMBER_OF]->(identity:Individual)
WHERE membership.valid_to IS NULL
RETURN product, about, touchpoint, carries, identifier, membership, identity
LIMIT 500
