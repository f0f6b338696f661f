// Stream the individual of every record.
// access: read
MATCH (record:Record)-[membership:MEMBER_OF]->(individual:Individual)
WHERE membership.valid_to IS NULL
RETURN record.id AS record_id, individual.id AS identity_id
