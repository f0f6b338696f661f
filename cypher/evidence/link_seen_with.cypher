// Widen the time in which pairs of identifiers were seen on one touchpoint; returns those never seen before, or never so early.
// From the smaller key to the greater.
// access: write
UNWIND $pairs AS pair
WITH
  pair,
  datetime({epochSeconds: pair.first_seen.seconds, nanosecond: pair.first_seen.nanoseconds}) AS first_seen,
  datetime({epochSeconds: pair.last_seen.seconds, nanosecond: pair.last_seen.nanoseconds}) AS last_seen
MATCH (left:Identifier {key: pair.left_key})
MATCH (right:Identifier {key: pair.right_key})
OPTIONAL MATCH (left)-[known:SEEN_WITH]->(right)
WITH left, right, first_seen, last_seen, coalesce(first_seen < known.first_seen, true) AS news
MERGE (left)-[seen:SEEN_WITH]->(right)
  ON CREATE SET seen.first_seen = first_seen, seen.last_seen = last_seen
  ON MATCH SET
    seen.first_seen = CASE WHEN first_seen < seen.first_seen THEN first_seen ELSE seen.first_seen END,
    seen.last_seen = CASE WHEN last_seen > seen.last_seen THEN last_seen ELSE seen.last_seen END
WITH left, right, news WHERE news
RETURN left.key AS left_key, right.key AS right_key
