// Find the person whose evidence comes from the most sources, with a household, a journey, and no second loyalty account.
// access: read
MATCH (individual:Individual)<-[membership:MEMBER_OF]-(record:Record)
WHERE membership.valid_to IS NULL AND individual.retired_at IS NULL AND record.entity_type = 'person'
WITH individual, collect(DISTINCT record.source) AS record_sources, count(record) AS records
MATCH (individual)<-[membership:MEMBER_OF]-(identifier:Identifier {namespace: 'email'})
WHERE membership.valid_to IS NULL
WITH individual, record_sources, records, min(identifier.value) AS email
MATCH (individual)<-[membership:MEMBER_OF]-(:Identifier)<-[:CARRIES]-(touchpoint:Touchpoint)
WHERE membership.valid_to IS NULL
WITH individual, record_sources, records, email,
     collect(DISTINCT touchpoint.source) AS touchpoint_sources, count(DISTINCT touchpoint) AS touchpoints
OPTIONAL MATCH (individual)-[lives:LIVES_IN]->(:Household)<-[residence:LIVES_IN]-(resident:Individual)
WHERE lives.valid_to IS NULL AND residence.valid_to IS NULL
WITH individual, email, records, touchpoints, count(DISTINCT resident) AS residents,
     size(COLLECT { UNWIND record_sources + touchpoint_sources AS source RETURN DISTINCT source }) AS sources,
     COUNT { (individual)<-[membership:MEMBER_OF]-(:Identifier {namespace: 'loyalty_id'}) WHERE membership.valid_to IS NULL } AS cards
RETURN individual.id AS individual_id, email, sources, records, touchpoints, residents
ORDER BY residents > 0 DESC, cards > 1, residents > 1 DESC, sources DESC, records DESC, touchpoints DESC, email
LIMIT 1
