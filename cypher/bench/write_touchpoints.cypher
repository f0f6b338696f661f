// Write touchpoints and the identifiers that they carry, each once, and nothing else: the limit of idempotent writes.
// access: write
UNWIND $identifiers AS row
MERGE (node:Identifier {key: row.key})
  ON CREATE SET node.namespace = row.namespace, node.value = row.value
WITH collect(node) AS nodes
UNWIND $touchpoints AS row
WITH nodes, row
WHERE NOT EXISTS { (:Touchpoint {id: row.id}) }
CREATE (touchpoint:Touchpoint {id: row.id})
SET
  touchpoint += row.properties,
  touchpoint.at = datetime({epochSeconds: row.at.seconds, nanosecond: row.at.nanoseconds}),
  touchpoint.recorded_at = datetime({epochSeconds: row.recorded_at.seconds, nanosecond: row.recorded_at.nanoseconds})
FOREACH (position IN row.identifier_positions |
  FOREACH (node IN [nodes[position]] | CREATE (touchpoint)-[:CARRIES]->(node))
)
