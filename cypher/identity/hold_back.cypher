// Report a batch of evidence that a policy leaves out.
// access: write
UNWIND $held AS row
MERGE (held:HeldBack {id: row.id})
  ON CREATE SET held.purpose = $purpose, held.reason = row.reason, held.since = $since
SET held.detail = row.detail
WITH row, held
UNWIND row.members AS member_id
OPTIONAL MATCH (identifier:Identifier {key: member_id})
OPTIONAL MATCH (record:Record {id: member_id})
OPTIONAL MATCH (identity:Identity {id: member_id})
WITH held, coalesce(record, identifier, identity) AS member
WHERE member IS NOT NULL
MERGE (held)-[:HOLDS]->(member)
