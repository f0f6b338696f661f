// List one page of the versions of each of some records, newest first.
// access: read
UNWIND $record_ids AS record_id
MATCH (:Record {id: record_id})-[:HAS_VERSION]->(version:RecordVersion)
WHERE $as_of IS NULL OR version.recorded_at <= $as_of
WITH record_id, version ORDER BY version.at DESC, version.id DESC
WITH record_id, collect(version) AS versions
RETURN record_id, size(versions) AS total,
  [version IN versions
    WHERE coalesce(version.at < $after_at OR (version.at = $after_at AND version.id < $after_id), true)
    | version {.id, .at, .recorded_at, .source, .name_given, .given_name, .middle_name, .family_name, .name_suffix, .full_name,
      .birth_date, .gender, .address_given, .street, .city, .region, .postal_code, .country, .consent, .traits,
      .identifier_keys, .rejected_values}
  ][..$first] AS items
