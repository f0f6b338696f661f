// List the identifiers that a purpose held back by a moment as saying nothing of one person, those on most evidence first; null is now.
// access: read
MATCH (held:HeldBack)-[:HOLDS]->(identifier:Identifier)
WHERE held.purpose = $purpose AND held.reason IN $reasons
  AND coalesce(held.since <= $as_of AND (held.until IS NULL OR held.until > $as_of), held.until IS NULL)
WITH held, identifier, COUNT { (identifier)<-[:CARRIES|STATES]-() } AS carriers
ORDER BY carriers DESC, identifier.key, held.reason
LIMIT $first
RETURN identifier.namespace AS namespace, identifier.value AS value, held.reason AS reason, held.detail AS detail,
       held.since AS since, carriers
