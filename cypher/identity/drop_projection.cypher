// Drop a projected graph, if it is there.
// access: read
CALL gds.graph.drop($graph_name, false) YIELD graphName
RETURN graphName AS graph_name
