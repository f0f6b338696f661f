// Stream the Leiden community of each node of a projected graph; one thread and a fixed seed, so that it repeats.
// access: read
CALL gds.leiden.stream($graph_name, {relationshipWeightProperty: 'weight', gamma: $gamma, randomSeed: 1, concurrency: 1})
YIELD nodeId, communityId
RETURN nodeId AS node, communityId AS component
