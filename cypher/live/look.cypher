// Look at what an identifier leads to for one purpose now: whose it is, and how much there is of everything, by counts that are kept.
// access: read
OPTIONAL MATCH (identifier:Identifier {key: $key})
OPTIONAL MATCH (identifier)-[membership:MEMBER_OF]->(person:Identity)
WHERE person.purpose = CASE $purpose WHEN 'household' THEN 'individual' ELSE $purpose END AND membership.valid_to IS NULL
OPTIONAL MATCH (person)-[home:LIVES_IN]->(household:Household)
WHERE home.valid_to IS NULL
WITH identifier, household, CASE $purpose WHEN 'household' THEN household ELSE person END AS identity
LIMIT 1
WITH identifier, household, identity, EXISTS {
  MATCH (identifier)<-[:HOLDS]-(held:HeldBack)
  WHERE held.until IS NULL AND held.purpose = CASE $purpose WHEN 'household' THEN 'individual' ELSE $purpose END
} AS held_back
CALL (identifier, identity, held_back) {
  WITH identifier, identity, held_back
  WHERE identity IS NULL AND identifier IS NOT NULL AND NOT held_back
  RETURN identifier AS member
  UNION
  MATCH (identity)<-[membership:MEMBER_OF]-(member)
  WHERE membership.valid_to IS NULL
  RETURN member
  UNION
  MATCH (identity)<-[home:LIVES_IN]-(:Individual)<-[membership:MEMBER_OF]-(member)
  WHERE home.valid_to IS NULL AND membership.valid_to IS NULL
  RETURN member
  UNION
  RETURN null AS member
}
WITH identifier, household, identity, held_back, collect(member) AS members
RETURN
  datetime({epochMillis: timestamp()}) AS now,
  identifier IS NOT NULL AS known,
  held_back,
  identity.id AS identity_id,
  household.id AS household_id,
  COUNT { (identity)<-[:DECIDED]-() } AS decisions,
  [member IN members WHERE member:Identifier | member.key] AS keys,
  [member IN members WHERE member:Record | member.id] AS records,
  reduce(total = 0, member IN members | total + COUNT { (member)<-[:CARRIES]-() }) AS touchpoints,
  reduce(total = 0, member IN members | total + COUNT { (member)-[:HAS_VERSION]->() }) AS versions
