// Write record versions that the graph does not have, below their records.
// access: write
UNWIND $versions AS row
MERGE (record:Record {id: row.record_id})
  ON CREATE SET
    record.source = row.source,
    record.source_record_id = row.source_record_id,
    record.entity_type = row.entity_type
  // Whichever version comes first: a record that any version says is an organization's is one.
  ON MATCH SET record.entity_type = CASE WHEN row.entity_type < record.entity_type THEN row.entity_type ELSE record.entity_type END
CREATE (version:RecordVersion {id: row.id})
SET version += row.properties
CREATE (record)-[:HAS_VERSION]->(version)
