// Show what the selected identifiers and records belong to in every identity graph.
// access: read
MATCH (member:Identifier|Record) WHERE elementId(member) IN $nodes
MATCH (member)-[membership:MEMBER_OF]->(identity:Identity)
WHERE membership.valid_to IS NULL
OPTIONAL MATCH (identity)-[lives:LIVES_IN]->(household:Household)
WHERE lives.valid_to IS NULL
RETURN member, membership, identity, lives, household
