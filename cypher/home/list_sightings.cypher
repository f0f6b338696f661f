// List with what each of some identifiers was seen; of each no more than so many.
// access: read
UNWIND $keys AS key
MATCH (identifier:Identifier {key: key})
CALL (identifier) {
  MATCH (identifier)-[seen:SEEN_WITH]-(:Identifier)
  WHERE seen.retracted_at IS NULL
  RETURN seen
  LIMIT $most
}
WITH DISTINCT seen
RETURN startNode(seen).key AS left_key, endNode(seen).key AS right_key, seen.first_seen.epochSeconds AS seconds,
       seen.first_seen.nanosecond AS nanoseconds
