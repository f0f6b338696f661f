// One node per product category.
// access: write
CREATE CONSTRAINT category_name_unique FOR (category:Category) REQUIRE category.name IS UNIQUE
