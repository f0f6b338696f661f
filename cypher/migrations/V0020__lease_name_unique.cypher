// One lease per name.
// access: write
CREATE CONSTRAINT lease_name_unique FOR (lease:Lease) REQUIRE lease.name IS UNIQUE
