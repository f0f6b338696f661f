// Wait until every index can be used.
// access: read
CALL db.awaitIndexes($timeout_seconds)
