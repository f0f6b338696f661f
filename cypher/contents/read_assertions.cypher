// Stream what stewards asserted, retracted or not.
// access: read
MATCH (start)-[assertion:ASSERTED_SAME|ASSERTED_DIFFERENT]->(end)
RETURN type(assertion) AS type, coalesce(start.key, start.id) AS start, coalesce(end.key, end.id) AS end,
       properties(assertion) AS properties
