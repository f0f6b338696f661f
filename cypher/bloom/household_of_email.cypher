// Show the household of the person with an e-mail address: who lives there, and by which identifiers and records.
// access: read
MATCH (:Identifier {key: 'email:' + toLower(trim($email))})-[own:MEMBER_OF]->(:Individual)-[lives:LIVES_IN]->(household:Household)
WHERE own.valid_to IS NULL AND lives.valid_to IS NULL
MATCH (resident:Individual)-[residence:LIVES_IN]->(household)
WHERE residence.valid_to IS NULL
MATCH (member)-[membership:MEMBER_OF]->(resident)
WHERE membership.valid_to IS NULL
RETURN household, residence, resident, membership, member
