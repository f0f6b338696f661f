// Count the decisions of each purpose, by kind.
// access: read
MATCH (decision:Decision)
RETURN decision.purpose + ': ' + decision.kind AS kind, count(*) AS decisions
ORDER BY decisions DESC
