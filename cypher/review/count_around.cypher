// Count the records that state each of some identifiers, and the identifiers that each was seen with.
// access: read
UNWIND $members AS member_id
MATCH (identifier:Identifier {key: member_id})
// The server knows these two without looking at what it counts; of very many they do, though retracted ones are among them.
WITH identifier, COUNT { (identifier)<-[:STATES]-() } AS stated, COUNT { (identifier)-[:SEEN_WITH]-() } AS seen
RETURN identifier.key AS member,
       CASE WHEN stated > $most THEN stated
         ELSE COUNT { MATCH (identifier)<-[states:STATES]-() WHERE states.retracted_at IS NULL } END AS carriers,
       CASE WHEN seen > $most THEN seen
         ELSE COUNT { MATCH (identifier)-[link:SEEN_WITH]-() WHERE link.retracted_at IS NULL } END AS neighbours
