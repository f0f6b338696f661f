// Count by reason what a purpose holds back now.
// access: read
MATCH (held:HeldBack)
WHERE held.purpose = $purpose AND held.reason IS NOT NULL AND held.until IS NULL
RETURN held.reason AS reason, count(*) AS findings
