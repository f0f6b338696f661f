// Show the newest 100 interactions of the person with an e-mail address, and what they were about.
// access: read
MATCH (:Identifier {key: 'email:' + toLower(trim($email))})-[own:MEMBER_OF]->(identity:Individual)
WHERE own.valid_to IS NULL
MATCH (identifier:Identifier)-[membership:MEMBER_OF]->(identity)
WHERE membership.valid_to IS NULL
MATCH (identifier)<-[:CARRIES]-(touchpoint:Touchpoint)
WITH DISTINCT identity, touchpoint
ORDER BY touchpoint.at DESC
LIMIT 100
MATCH (touchpoint)-[carries:CARRIES]->(identifier:Identifier)-[membership:MEMBER_OF]->(identity)
WHERE membership.valid_to IS NULL
OPTIONAL MATCH (touchpoint)-[about:ABOUT]->(subject)
RETURN identity, membership, identifier, carries, touchpoint, about, subject
