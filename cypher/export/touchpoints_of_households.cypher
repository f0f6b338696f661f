// Stream all touchpoints with the current households of the identifiers that they carry, by way of their individuals.
// access: read
MATCH (touchpoint:Touchpoint)
RETURN touchpoint.id AS id, touchpoint.at AS at, touchpoint.type AS type, touchpoint.event AS event,
       touchpoint.channel AS channel, touchpoint.source AS source, touchpoint.value_cents AS value_cents,
       touchpoint.currency AS currency,
       COLLECT {
         MATCH (touchpoint)-[:CARRIES]->(:Identifier)-[membership:MEMBER_OF]->(:Individual)-[residence:LIVES_IN]->(household)
         WHERE membership.valid_to IS NULL AND residence.valid_to IS NULL
         RETURN DISTINCT household.id AS identity_id ORDER BY identity_id
       } AS identity_ids
