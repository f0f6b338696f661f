// Count the identifiers of each namespace.
// access: read
MATCH (identifier:Identifier)
RETURN identifier.namespace AS namespace, count(*) AS identifiers
ORDER BY identifiers DESC
