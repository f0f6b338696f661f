// Read what some records, and all that state one of some identifiers, stated by a moment; null is now.
// access: read
UNWIND $members AS member_id
CALL (member_id) {
  MATCH (record:Record {id: member_id}) RETURN record
  UNION
  MATCH (record:Record)-[states:STATES]->(:Identifier {key: member_id})
  WHERE coalesce(states.retracted_at > $as_of, states.retracted_at IS NULL)
  RETURN record
}
WITH DISTINCT record
CALL (record) {
  MATCH (record)-[:HAS_VERSION]->(version:RecordVersion)
  WHERE $as_of IS NULL OR version.recorded_at <= $as_of
  WITH version ORDER BY version.at DESC, version.id DESC
  WITH collect(version) AS versions
  RETURN head([v IN versions WHERE v.full_name IS NOT NULL]) AS named,
         head([v IN versions WHERE v.birth_date IS NOT NULL]) AS born,
         head([v IN versions WHERE v.gender IS NOT NULL]) AS gendered,
         head([v IN versions WHERE coalesce(v.street, v.city, v.postal_code) IS NOT NULL]) AS addressed,
         versions[0].at AS at, versions[-1].at AS first_seen,
         reduce(all = [], v IN versions | all + coalesce(v.rejected_values, [])) AS rejected,
         reduce(all = [], v IN versions | all + coalesce(v.identifier_keys, [])) AS stated
}
WITH record, named, born, gendered, addressed, at, first_seen, rejected, stated WHERE at IS NOT NULL
RETURN record.id AS record_id, record.source AS source, record.entity_type AS entity_type,
       named.given_name AS given_name, named.middle_name AS middle_name, named.family_name AS family_name,
       named.name_suffix AS name_suffix, named.full_name AS full_name, gendered.gender AS gender,
       toString(born.birth_date) AS birth_date, addressed.street AS street, addressed.city AS city, addressed.region AS region,
       addressed.postal_code AS postal_code, addressed.country AS country,
       at.epochSeconds AS at_seconds, at.nanosecond AS at_nanoseconds,
       first_seen.epochSeconds AS first_seen_seconds, first_seen.nanosecond AS first_seen_nanoseconds, rejected,
       COLLECT {
         MATCH (record)-[states:STATES]->(identifier:Identifier)
         WHERE coalesce(states.retracted_at > $as_of, states.retracted_at IS NULL)
           AND ($as_of IS NULL OR identifier.key IN stated)
         RETURN identifier.key
       } AS identifiers
