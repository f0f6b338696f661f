// Survey a page of individuals or operational identities in the order of their ids: their sizes, and what speaks against each.
// access: read
MATCH (identity:Identity)
WHERE identity.id > $after AND identity.purpose = $purpose AND identity.retired_at IS NULL
WITH identity ORDER BY identity.id LIMIT $limit
CALL (identity) {
  MATCH (identity)<-[membership:MEMBER_OF]-(member)
  WHERE membership.valid_to IS NULL
  RETURN count(*) AS members,
         collect(CASE WHEN member:Record THEN member END) AS records,
         collect(CASE WHEN member.namespace IN $limited THEN member.namespace END) AS namespaces
}
WITH identity, members, records, namespaces, CASE WHEN size(records) > 1 THEN records ELSE [] END AS compared
CALL (compared) {
  UNWIND compared AS left
  MATCH (left)-[match:MATCHES]->(right:Record)
  WHERE match.retracted_at IS NULL AND right IN compared
  RETURN count(match) AS pairs,
         count(CASE WHEN NOT match.linked THEN 1 END) AS apart,
         min(CASE WHEN match.linked THEN match.match_weight END) AS weakest
}
WITH identity, members, records, namespaces, pairs, apart, weakest,
  COLLECT {
    UNWIND compared AS record
    CALL (record) {
      MATCH (record)-[:HAS_VERSION]->(version:RecordVersion)
      WITH version ORDER BY version.at DESC, version.id DESC
      WITH collect(version) AS versions
      RETURN head([v IN versions WHERE v.full_name IS NOT NULL]) AS named,
             head([v IN versions WHERE v.birth_date IS NOT NULL]) AS born
    }
    RETURN [named.family_name, named.given_name, toString(born.birth_date)]
  } AS stated,
  COUNT {
    MATCH (identity)<-[membership:MEMBER_OF]-(member)<-[:HOLDS]-(held:HeldBack)
    WHERE membership.valid_to IS NULL AND held.until IS NULL AND held.purpose = $purpose AND held.reason IN $reasons
    RETURN DISTINCT held
  } AS held
RETURN collect([identity.id, members, size(records), 0, namespaces, pairs, apart, weakest, stated, held]) AS identities
