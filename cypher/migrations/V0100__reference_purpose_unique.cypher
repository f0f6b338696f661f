// There is one reference for each purpose.
// access: write
CREATE CONSTRAINT reference_purpose_unique IF NOT EXISTS
FOR (reference:Reference) REQUIRE reference.purpose IS UNIQUE
