// Stream the current version of every record, with the identifiers that nobody retracted.
// access: read
MATCH (record:Record)
CALL (record) {
  MATCH (record)-[:HAS_VERSION]->(version:RecordVersion)
  WITH version ORDER BY version.at DESC, version.id DESC
  WITH collect(version) AS versions
  RETURN versions[0] AS current, versions[-1].at AS first_seen
}
WITH record, current, first_seen WHERE current IS NOT NULL
RETURN record.id AS record_id, record.source AS source, record.entity_type AS entity_type,
       current.given_name AS given_name, current.middle_name AS middle_name, current.family_name AS family_name,
       current.name_suffix AS name_suffix, current.full_name AS full_name, current.gender AS gender,
       current.birth_date AS birth_date, current.street AS street, current.city AS city, current.region AS region,
       current.postal_code AS postal_code, current.country AS country, current.at AS at, first_seen,
       COLLECT {
         MATCH (record)-[carries:CARRIES]->(identifier:Identifier)
         WHERE carries.retracted_at IS NULL
         RETURN identifier.key
       } AS identifiers
