// List what the policies leave out at present, newest first.
// access: read
MATCH (note:HeldBack)-[:HOLDS]->(held)
WHERE note.until IS NULL
WITH note, collect(coalesce(held.key, held.id)) AS holds
ORDER BY note.since DESC
LIMIT 500
RETURN note.purpose AS purpose, note.reason AS reason, note.detail AS detail, holds, note.since AS since
