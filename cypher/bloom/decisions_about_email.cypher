// Show every decision about the identities of the person with an e-mail address, past identities included.
// access: read
MATCH (identifier:Identifier {key: 'email:' + toLower(trim($email))})-[membership:MEMBER_OF]->(identity:Identity)
OPTIONAL MATCH (decision:Decision)-[decided:DECIDED]->(identity)
RETURN identifier, membership, identity, decided, decision
