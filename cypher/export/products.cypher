// Stream the products that were known before a cutoff, with the first description that was given of them by then.
// access: read
MATCH (product:Product)
WHERE EXISTS {
  MATCH (product)<-[:ABOUT]-(touchpoint:Touchpoint) WHERE touchpoint.at < $cutoff AND touchpoint.recorded_at <= $as_of
}
WITH product, coalesce(product.first_described_at < $cutoff, false) AS described
RETURN product.id AS id,
       CASE WHEN described THEN product.first_name END AS name,
       CASE WHEN described THEN product.first_brand END AS brand
