// Give the identifiers that records state a relationship type of their own, apart from those that touchpoints carry.
// access: write
MATCH (record:Record)-[carries:CARRIES]->(identifier:Identifier)
CALL (record, carries, identifier) {
  MERGE (record)-[states:STATES]->(identifier)
  SET states = properties(carries)
  DELETE carries
} IN TRANSACTIONS OF 5000 ROWS
