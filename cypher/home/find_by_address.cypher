// Find the records of individuals that state an address of some blocks, or of some streets of cities.
// access: read
CALL () {
  UNWIND $buildings AS building
  MATCH (record:Record {home_building: building})
  RETURN record
  UNION
  UNWIND $cities AS city
  MATCH (record:Record {home_city: city})
  RETURN record
}
MATCH (record)-[membership:MEMBER_OF]->(individual:Individual)
WHERE membership.valid_to IS NULL
RETURN record.id AS record_id, individual.id AS identity_id, record.home_spelling AS spelling, record.home_city AS city,
       record.home_namesakes AS namesakes
