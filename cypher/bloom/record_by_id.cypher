// Show one record, its versions, and the identifiers that it states.
// access: read
MATCH (record:Record {id: trim($record)})-[has:HAS_VERSION]->(version:RecordVersion)
OPTIONAL MATCH (record)-[states:STATES]->(identifier:Identifier)
RETURN record, has, version, states, identifier
