// Find the records of individuals that state some surnames in their areas.
// access: read
UNWIND $names AS name
MATCH (record:Record {home_namesakes: name})-[membership:MEMBER_OF]->(individual:Individual)
WHERE membership.valid_to IS NULL
RETURN record.id AS record_id, individual.id AS identity_id, record.home_spelling AS spelling, record.home_city AS city,
       record.home_namesakes AS namesakes
