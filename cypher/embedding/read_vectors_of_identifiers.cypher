// Read the vectors of the individuals that identifiers belong to.
// access: read
MATCH (current:EmbeddingSlot {current: true})
UNWIND $keys AS key
MATCH (:Identifier {key: key})-[membership:MEMBER_OF]->(individual:Individual)
WHERE membership.valid_to IS NULL AND individual['embedding_' + current.slot] IS NOT NULL
RETURN DISTINCT individual.id AS identity_id, individual['embedding_' + current.slot] AS vector
