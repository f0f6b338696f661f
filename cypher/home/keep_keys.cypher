// Keep by what records are found again that state something of a home, where they stated something else before.
// access: write
UNWIND $rows AS row
MATCH (record:Record {id: row.record_id})
WHERE coalesce(record.home_spelling, []) <> coalesce(row.spelling, [])
   OR coalesce(record.home_city, '') <> coalesce(row.city, '')
   OR coalesce(record.home_namesakes, '') <> coalesce(row.namesakes, '')
SET record.home_building = row.building, record.home_spelling = row.spelling, record.home_city = row.city,
    record.home_namesakes = row.namesakes
