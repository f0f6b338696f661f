// Keep the products that touchpoints are about: their newest and their first description, and all their categories since when.
// access: write
UNWIND $products AS row
MERGE (product:Product {id: row.id})
WITH row, product,
  CASE WHEN row.described_at IS NOT NULL
    THEN datetime({epochSeconds: row.described_at.seconds, nanosecond: row.described_at.nanoseconds}) END AS described_at,
  CASE WHEN row.first_described_at IS NOT NULL
    THEN datetime({epochSeconds: row.first_described_at.seconds, nanosecond: row.first_described_at.nanoseconds})
    END AS first_described_at
WITH row, product, described_at, first_described_at,
  row.described_at IS NOT NULL AND (
    product.described_at IS NULL
    OR described_at > product.described_at
    OR (described_at = product.described_at AND row.described_by > product.described_by)
  ) AS newer,
  row.first_described_at IS NOT NULL AND (
    product.first_described_at IS NULL
    OR first_described_at < product.first_described_at
    OR (first_described_at = product.first_described_at AND row.first_described_by < product.first_described_by)
  ) AS older
FOREACH (_ IN CASE WHEN newer THEN [1] ELSE [] END |
  SET product.name = row.name, product.brand = row.brand,
    product.described_at = described_at, product.described_by = row.described_by
)
FOREACH (_ IN CASE WHEN older THEN [1] ELSE [] END |
  SET product.first_name = row.first_name, product.first_brand = row.first_brand,
    product.first_described_at = first_described_at, product.first_described_by = row.first_described_by
)
FOREACH (given IN row.categories |
  MERGE (category:Category {name: given.name})
  MERGE (product)-[in:IN_CATEGORY]->(category)
    ON CREATE SET
      in.first_seen = datetime({epochSeconds: given.first_seen.seconds, nanosecond: given.first_seen.nanoseconds})
  SET in.first_seen = CASE
    WHEN datetime({epochSeconds: given.first_seen.seconds, nanosecond: given.first_seen.nanoseconds}) < in.first_seen
      THEN datetime({epochSeconds: given.first_seen.seconds, nanosecond: given.first_seen.nanoseconds})
    ELSE in.first_seen END
)
