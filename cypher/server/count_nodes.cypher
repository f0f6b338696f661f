// Nodes per label, from the store's own counts: it costs the same however large the graph is.
// access: read
CALL db.stats.retrieve('GRAPH COUNTS') YIELD data
UNWIND data.nodes AS node
WITH node.label AS label, node.count AS count WHERE label IS NOT NULL AND count > 0
RETURN label, count ORDER BY label
