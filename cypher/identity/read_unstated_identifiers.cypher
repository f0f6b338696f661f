// Stream the identifiers that were seen on touchpoints and that no record states.
// access: read
MATCH (identifier:Identifier)
WHERE NOT EXISTS {
  MATCH (:Record)-[carries:CARRIES]->(identifier)
  WHERE carries.retracted_at IS NULL
}
AND EXISTS { MATCH (:Touchpoint)-[:CARRIES]->(identifier) }
RETURN identifier.key AS key
