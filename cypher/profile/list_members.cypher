// List one page of the identifiers and records that belong to each of some identities, in the order of their keys.
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
MATCH (owner)<-[membership:MEMBER_OF]-(member)
WHERE CASE WHEN $as_of IS NULL THEN membership.valid_to IS NULL
    ELSE membership.valid_from <= $as_of AND coalesce(membership.valid_to > $as_of, true) END
WITH identity_id, owner, membership, member, coalesce(member.key, member.id) AS key
ORDER BY key
WITH identity_id, collect({
  key: key, kind: CASE WHEN member:Record THEN 'record' ELSE 'identifier' END,
  namespace: member.namespace, value: member.value,
  source: member.source, source_record_id: member.source_record_id,
  entity_type: CASE WHEN $as_of IS NULL THEN member.entity_type
    ELSE head(COLLECT {
      MATCH (member)-[:HAS_VERSION]->(version:RecordVersion)
      WHERE version.recorded_at <= $as_of
      RETURN version.entity_type ORDER BY version.entity_type LIMIT 1
    }) END,
  valid_from: membership.valid_from, decision_id: membership.decision_id, identity_id: owner.id
}) AS members
RETURN identity_id, size(members) AS total, [member IN members WHERE member.key > $after_key][..$first] AS items
