// Draw the person with an e-mail address: members, the evidence between them, household and operational identities.
// access: read
MATCH (:Identifier {key: 'email:' + toLower(trim($neodash_customer_email))})-[own:MEMBER_OF]->(identity:Individual)
WHERE own.valid_to IS NULL
MATCH (member)-[membership:MEMBER_OF]->(identity)
WHERE membership.valid_to IS NULL
OPTIONAL MATCH (member)-[evidence:STATES|SEEN_WITH|ASSERTED_SAME|ASSERTED_DIFFERENT]-(other:Identifier|Record)
WHERE evidence.retracted_at IS NULL
OPTIONAL MATCH (member)-[certain:MEMBER_OF]->(operational:Operational)
WHERE certain.valid_to IS NULL
OPTIONAL MATCH (identity)-[lives:LIVES_IN]->(household:Household)
WHERE lives.valid_to IS NULL
RETURN identity, membership, member, evidence, other, certain, operational, lives, household
