// Show people whose records the individual graph joins and the operational graph keeps apart, the most divided first.
// access: read
MATCH (individual:Individual)<-[wide:MEMBER_OF]-(record:Record)-[narrow:MEMBER_OF]->(operational:Operational)
WHERE wide.valid_to IS NULL AND narrow.valid_to IS NULL
WITH individual, count(DISTINCT operational) AS parts
WHERE parts > 1
ORDER BY parts DESC, individual.id
LIMIT 25
MATCH (individual)<-[wide:MEMBER_OF]-(record:Record)-[narrow:MEMBER_OF]->(operational:Operational)
WHERE wide.valid_to IS NULL AND narrow.valid_to IS NULL
RETURN individual, wide, record, narrow, operational
