// Read records by id.
// access: read
MATCH (record:Record)
WHERE record.id IN $record_ids
RETURN record.id AS id, record.source AS source, record.source_record_id AS source_record_id, record.entity_type AS entity_type
