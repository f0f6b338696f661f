// One node per product.
// access: write
CREATE CONSTRAINT product_id_unique FOR (product:Product) REQUIRE product.id IS UNIQUE
