// Assertions are retracted by their id.
// access: write
CREATE INDEX asserted_same_id FOR ()-[assertion:ASSERTED_SAME]-() ON (assertion.id)
