// Stream the current members of the individuals of each household, a list for each individual.
// access: read
MATCH (household:Household)
CALL (household) {
  MATCH (individual:Individual)-[residence:LIVES_IN]->(household)
  WHERE residence.valid_to IS NULL
  CALL (individual) {
    MATCH (member)-[membership:MEMBER_OF]->(individual)
    WHERE membership.valid_to IS NULL
    RETURN collect(coalesce(member.key, member.id)) AS members
  }
  RETURN collect(members) AS residents
}
WITH residents WHERE size(residents) > 0
RETURN residents
