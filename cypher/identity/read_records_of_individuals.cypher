// Find the records that are in some individuals now.
// access: read
UNWIND $identity_ids AS identity_id
MATCH (individual:Identity {id: identity_id})<-[membership:MEMBER_OF]-(record:Record)
WHERE membership.valid_to IS NULL
RETURN record.id AS record_id, individual.id AS identity_id
