// Create touchpoints and the identifiers that they carry, looking for nothing that is there: the limit of what intake can write.
// access: write
UNWIND $identifiers AS row
CREATE (node:Identifier {key: row.key, namespace: row.namespace, value: row.value})
WITH collect(node) AS nodes
UNWIND $touchpoints AS row
CREATE (touchpoint:Touchpoint {id: row.id})
SET
  touchpoint += row.properties,
  touchpoint.at = datetime({epochSeconds: row.at.seconds, nanosecond: row.at.nanoseconds}),
  touchpoint.recorded_at = datetime({epochSeconds: row.recorded_at.seconds, nanosecond: row.recorded_at.nanoseconds})
FOREACH (position IN row.identifier_positions |
  FOREACH (node IN [nodes[position]] | CREATE (touchpoint)-[:CARRIES]->(node))
)
