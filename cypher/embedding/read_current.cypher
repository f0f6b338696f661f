// Read which slot of vectors is in use, and whose vectors it holds.
// access: read
MATCH (current:EmbeddingSlot {current: true})
RETURN current.slot AS slot, current.version AS version
