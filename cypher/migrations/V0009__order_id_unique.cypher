// One node per order.
// access: write
CREATE CONSTRAINT order_id_unique FOR (order:Order) REQUIRE order.id IS UNIQUE
