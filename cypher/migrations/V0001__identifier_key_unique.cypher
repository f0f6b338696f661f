// One node per identifier.
// access: write
CREATE CONSTRAINT identifier_key_unique FOR (identifier:Identifier) REQUIRE identifier.key IS UNIQUE
