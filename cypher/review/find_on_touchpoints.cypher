// Find which of some identifiers a touchpoint had carried by a moment; null is now.
// access: read
UNWIND $members AS member_id
MATCH (identifier:Identifier {key: member_id})
WHERE EXISTS {
  MATCH (touchpoint:Touchpoint)-[:CARRIES]->(identifier)
  WHERE $as_of IS NULL OR touchpoint.recorded_at <= $as_of
}
RETURN identifier.key AS key
