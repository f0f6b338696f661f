// Stream the current households of individuals.
// access: read
MATCH (individual:Individual)-[residence:LIVES_IN]->(household:Household)
WHERE residence.valid_to IS NULL
RETURN individual.id AS member, household.id AS identity_id
