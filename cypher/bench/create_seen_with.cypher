// Create pairs of identifiers seen together, looking for no pair that is there.
// access: write
UNWIND $pairs AS pair
MATCH (left:Identifier {key: pair.left_key})
MATCH (right:Identifier {key: pair.right_key})
CREATE (left)-[:SEEN_WITH {
  first_seen: datetime({epochSeconds: pair.first_seen.seconds, nanosecond: pair.first_seen.nanoseconds}),
  last_seen: datetime({epochSeconds: pair.last_seen.seconds, nanosecond: pair.last_seen.nanoseconds})
}]->(right)
