// Read what some records stated of a home when it was last concluded from.
// access: read
UNWIND $record_ids AS record_id
MATCH (record:Record {id: record_id})
RETURN record.home_spelling AS spelling, record.home_city AS city, record.home_namesakes AS namesakes
