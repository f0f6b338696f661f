// Stream the weakly connected component of each node of a projected graph.
// access: read
CALL gds.wcc.stream($graph_name) YIELD nodeId, componentId
RETURN nodeId AS node, componentId AS component
