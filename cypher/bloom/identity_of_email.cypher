// Show the person with an e-mail address and everything that belongs to that person.
// access: read
MATCH (:Identifier {key: 'email:' + toLower(trim($email))})-[own:MEMBER_OF]->(identity:Individual)
WHERE own.valid_to IS NULL
MATCH (member)-[membership:MEMBER_OF]->(identity)
WHERE membership.valid_to IS NULL
RETURN identity, membership, member
