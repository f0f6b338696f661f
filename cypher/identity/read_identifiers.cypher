// Read a page of identifiers in the order of their keys: those seen on touchpoints that no record states, and what was seen with each.
// access: read
MATCH (identifier:Identifier)
WHERE identifier.key > $after
WITH identifier ORDER BY identifier.key LIMIT $limit
WITH
  identifier.key AS key,
  NOT EXISTS {
    MATCH (:Record)-[states:STATES]->(identifier)
    WHERE states.retracted_at IS NULL
  }
  AND EXISTS { MATCH (:Touchpoint)-[:CARRIES]->(identifier) } AS unstated,
  COLLECT {
    MATCH (identifier)-[seen:SEEN_WITH]->(other:Identifier)
    WHERE seen.retracted_at IS NULL
    RETURN [other.key, seen.first_seen.epochSeconds, seen.first_seen.nanosecond]
  } AS seen_with
RETURN count(*) AS read, max(key) AS last,
       collect(CASE WHEN unstated OR size(seen_with) > 0 THEN [key, unstated, seen_with] END) AS identifiers
