// Read a page of records in the order of their ids: what their versions state, and the identifiers that nobody retracted.
// access: read
MATCH (record:Record)
WHERE record.id > $after
WITH record ORDER BY record.id LIMIT $limit
RETURN collect([
  record.id, record.source, record.entity_type,
  COLLECT {
    MATCH (record)-[:HAS_VERSION]->(version:RecordVersion)
    RETURN [
      version.at.epochSeconds, version.at.nanosecond, version.id, version.given_name, version.middle_name, version.family_name,
      version.name_suffix, version.full_name, version.gender, toString(version.birth_date), version.street, version.city,
      version.region, version.postal_code, version.country, version.rejected_values
    ]
  },
  COLLECT {
    MATCH (record)-[states:STATES]->(identifier:Identifier)
    WHERE states.retracted_at IS NULL
    RETURN identifier.key
  }
]) AS claims
