// Widen the time in which two identifiers were seen on one touchpoint; from the smaller key to the greater.
// access: write
UNWIND $pairs AS pair
MATCH (left:Identifier {key: pair.left_key})
MATCH (right:Identifier {key: pair.right_key})
MERGE (left)-[seen:SEEN_WITH]->(right)
  ON CREATE SET seen.first_seen = pair.first_seen, seen.last_seen = pair.last_seen
  ON MATCH SET
    seen.first_seen = CASE WHEN pair.first_seen < seen.first_seen THEN pair.first_seen ELSE seen.first_seen END,
    seen.last_seen = CASE WHEN pair.last_seen > seen.last_seen THEN pair.last_seen ELSE seen.last_seen END
