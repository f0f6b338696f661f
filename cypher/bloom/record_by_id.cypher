// Show one record, its versions, and the identifiers that it states.
// access: read
MATCH (record:Record {id: trim($record)})-[has:HAS_VERSION]->(version:RecordVersion)
OPTIONAL MATCH (record)-[carries:CARRIES]->(identifier:Identifier)
RETURN record, has, version, carries, identifier
