// Say which products new touchpoints are about, one relationship for each line.
// access: write
UNWIND $lines AS line
MATCH (touchpoint:Touchpoint {id: line.touchpoint_id})
MATCH (product:Product {id: line.product_id})
CREATE (touchpoint)-[about:ABOUT]->(product)
SET about.quantity = line.quantity, about.price_cents = line.price_cents
