// Assertions are retracted by their id.
// access: write
CREATE INDEX asserted_different_id FOR ()-[assertion:ASSERTED_DIFFERENT]-() ON (assertion.id)
