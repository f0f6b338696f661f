// One node per store.
// access: write
CREATE CONSTRAINT store_id_unique FOR (store:Store) REQUIRE store.id IS UNIQUE
