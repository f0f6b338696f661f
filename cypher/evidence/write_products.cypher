// Keep the products that touchpoints are about: their newest and their first description, and all their categories since when.
// access: write
UNWIND $products AS row
MERGE (product:Product {id: row.id})
WITH row, product,
  row.described_at IS NOT NULL AND (
    product.described_at IS NULL
    OR row.described_at > product.described_at
    OR (row.described_at = product.described_at AND row.described_by > product.described_by)
  ) AS newer,
  row.first_described_at IS NOT NULL AND (
    product.first_described_at IS NULL
    OR row.first_described_at < product.first_described_at
    OR (row.first_described_at = product.first_described_at AND row.first_described_by < product.first_described_by)
  ) AS older
FOREACH (_ IN CASE WHEN newer THEN [1] ELSE [] END |
  SET product.name = row.name, product.brand = row.brand,
    product.described_at = row.described_at, product.described_by = row.described_by
)
FOREACH (_ IN CASE WHEN older THEN [1] ELSE [] END |
  SET product.first_name = row.first_name, product.first_brand = row.first_brand,
    product.first_described_at = row.first_described_at, product.first_described_by = row.first_described_by
)
FOREACH (given IN row.categories |
  MERGE (category:Category {name: given.name})
  MERGE (product)-[in:IN_CATEGORY]->(category)
    ON CREATE SET in.first_seen = given.first_seen
  SET in.first_seen = CASE WHEN given.first_seen < in.first_seen THEN given.first_seen ELSE in.first_seen END
)
