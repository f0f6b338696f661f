// Show the households of the selected individuals and who else lives there.
// access: read
MATCH (individual:Individual) WHERE elementId(individual) IN $nodes
MATCH (individual)-[lives:LIVES_IN]->(household:Household)<-[residence:LIVES_IN]-(resident:Individual)
WHERE lives.valid_to IS NULL AND residence.valid_to IS NULL
RETURN individual, lives, household, residence, resident
