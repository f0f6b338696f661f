// Write touchpoints that the graph does not have; returns those of their identifiers of which nothing was concluded yet.
// access: write
UNWIND range(0, size($identifiers) - 1) AS position
WITH position, $identifiers[position] AS identifier
MERGE (node:Identifier {key: identifier.key})
  ON CREATE SET node.namespace = identifier.namespace, node.value = identifier.value
WITH node ORDER BY position
WITH collect(node) AS nodes
WITH nodes, datetime({epochMillis: timestamp()}) AS now
CALL (nodes, now) {
  UNWIND $touchpoints AS row
  CREATE (touchpoint:Touchpoint {id: row.id})
  SET
    touchpoint += row.properties,
    touchpoint.at = datetime({epochSeconds: row.at.seconds, nanosecond: row.at.nanoseconds}),
    touchpoint.recorded_at = datetime({epochSeconds: row.recorded_at.seconds, nanosecond: row.recorded_at.nanoseconds}),
    touchpoint.written_at = now
  FOREACH (position IN row.identifier_positions |
    FOREACH (node IN [nodes[position]] | CREATE (touchpoint)-[:CARRIES]->(node))
  )
}
UNWIND nodes AS node
WITH node
WHERE NOT EXISTS {
  MATCH (node)-[membership:MEMBER_OF]->(:Individual)
  WHERE membership.valid_to IS NULL
} AND NOT EXISTS {
  MATCH (held:HeldBack)-[:HOLDS]->(node)
  WHERE held.until IS NULL
}
RETURN node.key AS key
