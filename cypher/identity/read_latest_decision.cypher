// Find when the identities of a purpose last changed.
// access: read
OPTIONAL MATCH (decision:Decision)
WHERE decision.purpose = $purpose AND decision.at IS NOT NULL
RETURN decision.at AS latest
// By purpose, too: only then is the order that of the index, and its last entry all that is looked at.
ORDER BY decision.purpose DESC, decision.at DESC
LIMIT 1
