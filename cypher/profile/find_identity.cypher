// Find the identity that an identifier belongs to for one purpose, now or as of a moment, or why there is none.
// access: read
OPTIONAL MATCH (identifier:Identifier {key: $key})
OPTIONAL MATCH (identifier)-[membership:MEMBER_OF]->(person:Identity)
WHERE person.purpose = CASE $purpose WHEN 'household' THEN 'individual' ELSE $purpose END
  AND CASE WHEN $as_of IS NULL THEN membership.valid_to IS NULL
      ELSE membership.valid_from <= $as_of AND coalesce(membership.valid_to > $as_of, true) END
OPTIONAL MATCH (person)-[home:LIVES_IN]->(household:Household)
WHERE $purpose = 'household' AND CASE WHEN $as_of IS NULL THEN home.valid_to IS NULL
    ELSE home.valid_from <= $as_of AND coalesce(home.valid_to > $as_of, true) END
WITH identifier, CASE $purpose WHEN 'household' THEN household ELSE person END AS identity
LIMIT 1
RETURN
  // As of a moment, what no event had named yet was not known.
  identifier IS NOT NULL AND (
    $as_of IS NULL
    OR identity IS NOT NULL
    OR EXISTS { MATCH (identifier)<-[:CARRIES]-(touchpoint:Touchpoint) WHERE touchpoint.recorded_at <= $as_of }
    OR EXISTS {
      MATCH (identifier)<-[:STATES]-(:Record)-[:HAS_VERSION]->(version:RecordVersion)
      WHERE version.recorded_at <= $as_of AND $key IN version.identifier_keys
    }
  ) AS known,
  identity {.id, .purpose, .created_at, .retired_at} AS identity,
  COLLECT {
    MATCH (identifier)<-[:HOLDS]-(held:HeldBack)
    WHERE held.purpose IN [$purpose, CASE $purpose WHEN 'household' THEN 'individual' ELSE $purpose END]
      AND CASE WHEN $as_of IS NULL THEN held.until IS NULL
          ELSE held.since <= $as_of AND coalesce(held.until > $as_of, true) END
    RETURN DISTINCT held.reason
    LIMIT 10
  } AS held_back
