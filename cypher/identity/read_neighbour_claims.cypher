// Read the records among some members, and every record that states one of the members' identifiers.
// access: read
UNWIND $members AS member_id
CALL (member_id) {
  MATCH (record:Record {id: member_id}) RETURN record
  UNION
  MATCH (record:Record)-[states:STATES]->(:Identifier {key: member_id})
  WHERE states.retracted_at IS NULL
  RETURN record
}
WITH DISTINCT record
RETURN record.id AS record_id, record.source AS source, record.entity_type AS entity_type,
       COLLECT {
         MATCH (record)-[:HAS_VERSION]->(version:RecordVersion)
         RETURN [
           version.at.epochSeconds, version.at.nanosecond, version.id, version.given_name, version.middle_name,
           version.family_name, version.name_suffix, version.full_name, version.gender, toString(version.birth_date),
           version.street, version.city, version.region, version.postal_code, version.country, version.rejected_values
         ]
       } AS versions,
       COLLECT {
         MATCH (record)-[states:STATES]->(identifier:Identifier)
         WHERE states.retracted_at IS NULL
         RETURN identifier.key
       } AS identifiers
