// Show why a policy left the selected identifiers and records out.
// access: read
MATCH (held:Identifier|Record) WHERE elementId(held) IN $nodes
MATCH (note:HeldBack)-[holds:HOLDS]->(held)
RETURN held, holds, note
