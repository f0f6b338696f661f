// Create pairs of identifiers seen together, looking for no pair that is there.
// access: write
UNWIND $pairs AS row
MATCH (left:Identifier {key: row.left_key})
MATCH (right:Identifier {key: row.right_key})
CREATE (left)-[:SEEN_WITH {first_seen: row.first_seen, last_seen: row.last_seen}]->(right)
