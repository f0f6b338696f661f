// List one page of the records that belong to each of some identities, in the order of their ids.
// access: read
UNWIND $identity_ids AS identity_id
MATCH (identity:Identity {id: identity_id})
CALL (identity) {
  RETURN identity AS owner
  UNION
  MATCH (identity)<-[home:LIVES_IN]-(owner:Individual)
  WHERE CASE WHEN $as_of IS NULL THEN home.valid_to IS NULL
      ELSE home.valid_from <= $as_of AND coalesce(home.valid_to > $as_of, true) END
  RETURN owner
}
MATCH (owner)<-[membership:MEMBER_OF]-(record:Record)
WHERE CASE WHEN $as_of IS NULL THEN membership.valid_to IS NULL
    ELSE membership.valid_from <= $as_of AND coalesce(membership.valid_to > $as_of, true) END
WITH identity_id, record ORDER BY record.id
WITH identity_id, collect(record {.id, .source, .source_record_id,
  entity_type: CASE WHEN $as_of IS NULL THEN record.entity_type
    ELSE head(COLLECT {
      MATCH (record)-[:HAS_VERSION]->(version:RecordVersion)
      WHERE version.recorded_at <= $as_of
      RETURN version.entity_type ORDER BY version.entity_type LIMIT 1
    }) END
}) AS records
RETURN identity_id, size(records) AS total, [record IN records WHERE record.id > $after_key][..$first] AS items
