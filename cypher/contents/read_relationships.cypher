// Stream the relationships that events left in the graph.
// access: read
MATCH (start)-[link:HAS_VERSION|STATES|CARRIES|SEEN_WITH|ABOUT|IN_CATEGORY]->(end)
RETURN type(link) AS type, coalesce(start.key, start.id) AS start, labels(end)[0] AS end_label,
       coalesce(end.key, end.id, end.name) AS end, properties(link) AS properties
