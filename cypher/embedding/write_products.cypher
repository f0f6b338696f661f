// Give products their vectors in a slot.
// access: write
UNWIND $rows AS row
MATCH (product:Product {id: row.id})
CALL db.create.setNodeVectorProperty(product, $property, row.vector)
RETURN count(*) AS written
