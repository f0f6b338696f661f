// Find when the identities of a purpose last changed.
// access: read
MATCH (decision:Decision)
WHERE decision.purpose = $purpose
RETURN max(decision.at) AS latest
