// Stream the current households of records, by way of their individuals.
// access: read
MATCH (record:Record)-[membership:MEMBER_OF]->(:Individual)-[residence:LIVES_IN]->(household:Household)
WHERE membership.valid_to IS NULL AND residence.valid_to IS NULL
RETURN record.source AS source, record.source_record_id AS record_id, household.id AS identity_id,
       CASE WHEN membership.valid_from > residence.valid_from THEN membership.valid_from ELSE residence.valid_from END AS valid_from,
       residence.decision_id AS decision_id
