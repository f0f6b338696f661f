// Find when the identities of a purpose last changed.
// access: read
OPTIONAL MATCH (decision:Decision)
WHERE decision.purpose = $purpose AND decision.at IS NOT NULL
RETURN decision.at AS latest
ORDER BY latest DESC
LIMIT 1
