// Stream which evidence of events stewards retracted.
// access: read
MATCH (start)-[link:STATES|SEEN_WITH]->(end)
WHERE link.retracted_at IS NOT NULL
RETURN type(link) AS type, coalesce(start.key, start.id) AS start, coalesce(end.key, end.id) AS end,
       properties(link) AS properties
