// Count by day the identities of a purpose that ended in others within a time, with the sources of their records.
// access: read
MATCH (decision:Decision)
WHERE decision.purpose = $purpose AND decision.at >= $since AND decision.at < $until
MATCH (decision)-[:DECIDED]->(:Identity)<-[redirect:REDIRECTS_TO]-(merged:Identity)
WHERE redirect.decision_id = decision.id
WITH decision, COLLECT {
  MATCH (merged)<-[membership:MEMBER_OF]-(record:Record)
  WHERE membership.valid_to = redirect.at
  RETURN DISTINCT record.source AS source ORDER BY source
} AS sources
RETURN date(decision.at) AS day, sources, count(*) AS identities
