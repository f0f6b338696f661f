// Stream which household each individual lived in as of a moment.
// access: read
MATCH (individual:Individual)-[residence:LIVES_IN]->(household:Household)
WHERE residence.valid_from <= $as_of AND coalesce(residence.valid_to > $as_of, true)
RETURN individual.id AS customer, household.id AS household, residence.valid_from AS at
