// Keep the products that touchpoints are about: their description is the newest one given, their categories all that were given.
// access: write
UNWIND $products AS row
MERGE (product:Product {id: row.id})
WITH row, product, row.described_at IS NOT NULL AND (
  product.described_at IS NULL
  OR row.described_at > product.described_at
  OR (row.described_at = product.described_at AND row.described_by > product.described_by)
) AS newer
FOREACH (_ IN CASE WHEN newer THEN [1] ELSE [] END |
  SET product.name = row.name, product.brand = row.brand,
    product.described_at = row.described_at, product.described_by = row.described_by
)
FOREACH (name IN row.categories |
  MERGE (category:Category {name: name})
  MERGE (product)-[:IN_CATEGORY]->(category)
)
