// Show the newest 100 interactions of the selected individuals.
// access: read
MATCH (identity:Individual) WHERE elementId(identity) IN $nodes
MATCH (identity)<-[membership:MEMBER_OF]-(identifier:Identifier)<-[carries:CARRIES]-(touchpoint:Touchpoint)
WHERE membership.valid_to IS NULL
WITH identity, membership, identifier, carries, touchpoint
ORDER BY touchpoint.at DESC
LIMIT 100
OPTIONAL MATCH (touchpoint)-[about:ABOUT]->(subject)
RETURN identity, membership, identifier, carries, touchpoint, about, subject
