// Show the members of the selected identities and the evidence between them.
// access: read
MATCH (identity:Individual|Operational) WHERE elementId(identity) IN $nodes
MATCH (identity)<-[membership:MEMBER_OF]-(member)
WHERE membership.valid_to IS NULL
OPTIONAL MATCH (member)-[evidence:STATES|SEEN_WITH|ASSERTED_SAME|ASSERTED_DIFFERENT]-(other:Identifier|Record)
WHERE evidence.retracted_at IS NULL
RETURN identity, membership, member, evidence, other
