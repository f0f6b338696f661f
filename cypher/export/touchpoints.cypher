// Stream all touchpoints with the current identities of the identifiers that they carry.
// access: read
MATCH (touchpoint:Touchpoint)
RETURN touchpoint.id AS id, touchpoint.at AS at, touchpoint.type AS type, touchpoint.event AS event,
       touchpoint.channel AS channel, touchpoint.source AS source, touchpoint.value_cents AS value_cents,
       touchpoint.currency AS currency,
       COLLECT {
         MATCH (touchpoint)-[:CARRIES]->(:Identifier)-[membership:MEMBER_OF]->(identity:Identity)
         WHERE identity.purpose = $purpose AND membership.valid_to IS NULL
         RETURN DISTINCT identity.id AS identity_id ORDER BY identity_id
       } AS identity_ids
