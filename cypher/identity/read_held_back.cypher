// Stream what the policy of a purpose holds back now; links that a model predicts are none of its business.
// access: read
MATCH (held:HeldBack)
WHERE held.purpose = $purpose AND held.until IS NULL AND held.reason <> 'predicted'
RETURN held.id AS id, held.purpose AS purpose, held.reason AS reason, held.detail AS detail, held.since AS since,
       COLLECT { MATCH (held)-[:HOLDS]->(member) RETURN coalesce(member.key, member.id) } AS members
