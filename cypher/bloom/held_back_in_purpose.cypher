// Show what the policy of one purpose leaves out at present, and what it holds.
// access: read
MATCH (note:HeldBack)-[holds:HOLDS]->(held)
WHERE note.purpose = toLower(trim($purpose)) AND note.until IS NULL
RETURN note, holds, held
LIMIT 500
