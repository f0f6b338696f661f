// Count by day the identities of a purpose that were split off others within a time, with the sources of the records they took.
// access: read
MATCH (decision:Decision)
WHERE decision.purpose = $purpose AND decision.at >= $since AND decision.at < $until AND decision.kind = 'split'
MATCH (decision)-[:DECIDED]->(identity:Identity)
WITH decision, COLLECT {
  MATCH (identity)<-[membership:MEMBER_OF]-(record:Record)
  WHERE membership.decision_id = decision.id
  RETURN DISTINCT record.source AS source ORDER BY source
} AS sources
RETURN date(decision.at) AS day, sources, count(*) AS identities
