// List the identifiers that are in some individuals now.
// access: read
UNWIND $identity_ids AS identity_id
MATCH (individual:Identity {id: identity_id})<-[membership:MEMBER_OF]-(identifier:Identifier)
WHERE membership.valid_to IS NULL
RETURN identifier.key AS key, individual.id AS identity_id
