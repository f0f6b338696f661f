// Show the person with an identifier of any kind and everything that belongs to that person.
// access: read
UNWIND ['email', 'phone', 'user_id', 'loyalty_id', 'anonymous_id', 'device_id', 'card_token'] AS namespace
MATCH (identifier:Identifier)-[own:MEMBER_OF]->(identity:Individual)
WHERE own.valid_to IS NULL AND identifier.key IN [namespace + ':' + trim($identifier), namespace + ':' + toLower(trim($identifier))]
MATCH (member)-[membership:MEMBER_OF]->(identity)
WHERE membership.valid_to IS NULL
RETURN DISTINCT identity, membership, member
