// List the records of persons that state each of some identifiers, with their individuals; of each no more than so many.
// access: read
UNWIND $keys AS key
MATCH (identifier:Identifier {key: key})
CALL (identifier) {
  MATCH (identifier)<-[states:STATES]-(record:Record)-[membership:MEMBER_OF]->(individual:Individual)
  WHERE states.retracted_at IS NULL AND membership.valid_to IS NULL
    AND coalesce(record.entity_type, 'person') <> 'organization'
  RETURN record.id AS record_id, individual.id AS identity_id
  LIMIT $most
}
RETURN key, record_id, identity_id
