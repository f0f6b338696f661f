// Read the predicted links that wait for review.
// access: read
MATCH (held:HeldBack)
WHERE held.purpose = $purpose AND held.reason = 'predicted' AND held.until IS NULL
RETURN held.id AS id, held.purpose AS purpose, held.reason AS reason, held.detail AS detail, held.since AS since,
       COLLECT { MATCH (held)-[:HOLDS]->(member) RETURN coalesce(member.key, member.id) } AS members
