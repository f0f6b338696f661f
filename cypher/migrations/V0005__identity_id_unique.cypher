// Identity ids are never reused, across all purposes.
// access: write
CREATE CONSTRAINT identity_id_unique FOR (identity:Identity) REQUIRE identity.id IS UNIQUE
