// Show every past and present membership of the selected identities, and which identities redirect to them.
// access: read
MATCH (identity:Identity) WHERE elementId(identity) IN $nodes
OPTIONAL MATCH (member)-[membership:MEMBER_OF|LIVES_IN]->(identity)
OPTIONAL MATCH (former:Identity)-[redirect:REDIRECTS_TO]->(identity)
RETURN identity, membership, member, redirect, former
