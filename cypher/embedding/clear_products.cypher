// Take the vectors of a slot from all products.
// access: write
MATCH (product:Product)
WHERE product[$property] IS NOT NULL
CALL (product) { REMOVE product[$property] } IN TRANSACTIONS OF 5000 ROWS
