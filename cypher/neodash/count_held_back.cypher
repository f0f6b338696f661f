// Count what each policy leaves out at present, by reason.
// access: read
MATCH (note:HeldBack)
WHERE note.until IS NULL
RETURN note.purpose + ': ' + note.reason AS reason, count(*) AS held
ORDER BY held DESC
