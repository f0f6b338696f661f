// Tell what there is around some members now; what a member was seen with is listed where it is not much.
// access: read
UNWIND $members AS member_id
OPTIONAL MATCH (identifier:Identifier {key: member_id})
OPTIONAL MATCH (record:Record {id: member_id})
WITH identifier, record, coalesce(identifier, record) AS member, coalesce(identifier.key, record.id) AS name
WHERE member IS NOT NULL
// The server knows these two without looking at what it counts; of very many they do, though retracted ones are among them.
WITH *, COUNT { (identifier)<-[:STATES]-() } AS stated, COUNT { (identifier)-[:SEEN_WITH]-() } AS seen
RETURN name AS member, identifier IS NOT NULL AS identifier, record IS NOT NULL AS record,
       CASE WHEN stated > $most THEN stated
         ELSE COUNT { MATCH (identifier)<-[states:STATES]-() WHERE states.retracted_at IS NULL } END AS carriers,
       CASE WHEN seen > $most THEN seen
         ELSE COUNT { MATCH (identifier)-[link:SEEN_WITH]-() WHERE link.retracted_at IS NULL } END AS neighbours,
       CASE WHEN seen > $few THEN null
         ELSE COLLECT {
           MATCH (identifier)-[link:SEEN_WITH]-()
           WHERE link.retracted_at IS NULL
           RETURN [startNode(link).key, endNode(link).key, link.first_seen.epochSeconds, link.first_seen.nanosecond]
         } END AS sightings,
       EXISTS { (record)-[:MATCHES]-() } AS matched,
       EXISTS { (member)-[:ASSERTED_SAME|ASSERTED_DIFFERENT]-() } AS asserted,
       EXISTS { (identifier)<-[:CARRIES]-() } AS carried,
       EXISTS { MATCH (member)<-[:HOLDS]-(held:HeldBack) WHERE held.until IS NULL } AS held_back,
       COLLECT {
         MATCH (member)-[membership:MEMBER_OF]->(identity:Identity)
         WHERE membership.valid_to IS NULL
         RETURN [identity.purpose, identity.id, identity.created_at.epochSeconds, identity.created_at.nanosecond]
       } AS memberships
