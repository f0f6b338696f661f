// Stream the current memberships of records in the identities of a purpose.
// access: read
MATCH (record:Record)-[membership:MEMBER_OF]->(identity:Identity)
WHERE identity.purpose = $purpose AND membership.valid_to IS NULL
RETURN record.source AS source, record.source_record_id AS record_id, identity.id AS identity_id,
       membership.valid_from AS valid_from, membership.decision_id AS decision_id
