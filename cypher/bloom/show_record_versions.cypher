// Show what the sources claimed in each version of the selected records.
// access: read
MATCH (record:Record) WHERE elementId(record) IN $nodes
MATCH (record)-[has:HAS_VERSION]->(version:RecordVersion)
RETURN record, has, version
