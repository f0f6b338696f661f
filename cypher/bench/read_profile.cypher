// Read a person and their 20 newest touchpoints by an identifier, now, by hand: the limit of what one question can cost.
// access: read
MATCH (:Identifier {key: $key})-[membership:MEMBER_OF]->(identity:Individual)
WHERE membership.valid_to IS NULL
CALL (identity) {
  MATCH (identity)<-[current:MEMBER_OF]-(:Record)-[:HAS_VERSION]->(version:RecordVersion)
  WHERE current.valid_to IS NULL
  WITH version ORDER BY version.at DESC LIMIT 1
  RETURN collect(version.full_name) AS names
}
CALL (identity) {
  MATCH (identity)<-[current:MEMBER_OF]-(member:Identifier)
  WHERE current.valid_to IS NULL
  WITH collect(member) AS members
  UNWIND members AS member
  MATCH (member)<-[:CARRIES]-(touchpoint:Touchpoint)
  WITH members, touchpoint.at AS at, touchpoint
  WITH DISTINCT members, at, touchpoint ORDER BY at DESC, touchpoint.id DESC LIMIT 20
  RETURN [member IN head(collect(members)) WHERE member.namespace = 'email' | member.value] AS emails,
    collect(touchpoint {.id, .type, .event, .channel, .title, .url, .value_cents, .currency, at: toString(at),
      products: COLLECT { MATCH (touchpoint)-[:ABOUT]->(product:Product) RETURN product.name}}) AS touchpoints
}
RETURN identity.id AS identity_id, head(names) AS name, emails, touchpoints
