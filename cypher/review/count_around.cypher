// Count the records that state each of some identifiers, and the identifiers that each was seen with.
// access: read
UNWIND $members AS member_id
MATCH (identifier:Identifier {key: member_id})
RETURN identifier.key AS member,
       COUNT { MATCH (:Record)-[carries:CARRIES]->(identifier) WHERE carries.retracted_at IS NULL } AS carriers,
       COUNT { MATCH (identifier)-[seen:SEEN_WITH]-(:Identifier) WHERE seen.retracted_at IS NULL } AS neighbours
