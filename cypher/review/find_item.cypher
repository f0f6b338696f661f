// Find a doubtful link by its id, with its members and which of them are records.
// access: read
MATCH (held:HeldBack {id: $id})
RETURN held.id AS id, held.purpose AS purpose, held.reason AS reason, held.detail AS detail, held.since AS since,
       held.until AS until,
       COLLECT { MATCH (held)-[:HOLDS]->(member) RETURN coalesce(member.key, member.id) } AS members,
       COLLECT { MATCH (held)-[:HOLDS]->(record:Record) RETURN record.id } AS records
