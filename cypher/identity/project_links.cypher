// Project links between numbered members as an undirected, weighted graph of GDS.
// access: read
UNWIND range(0, size($sources) - 1) AS row
WITH gds.graph.project(
  $graph_name, $sources[row], $targets[row],
  {relationshipProperties: {weight: $weights[row]}},
  {undirectedRelationshipTypes: ['*']}
) AS projected
RETURN projected.nodeCount AS node_count, projected.relationshipCount AS relationship_count
