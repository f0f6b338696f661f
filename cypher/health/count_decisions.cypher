// Count by day and kind the decisions about identities of a purpose within a time.
// access: read
MATCH (decision:Decision)
WHERE decision.purpose = $purpose AND decision.at >= $since AND decision.at < $until
RETURN date(decision.at) AS day, decision.kind AS kind, count(*) AS decisions
