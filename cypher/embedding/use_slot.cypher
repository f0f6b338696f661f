// Put a slot of vectors into use: in one transaction, so that a reader sees the one before or this one.
// access: write
MERGE (chosen:EmbeddingSlot {slot: $slot})
SET chosen.current = true, chosen.version = $version, chosen.written_at = $at
WITH chosen
OPTIONAL MATCH (other:EmbeddingSlot)
WHERE other <> chosen
SET other.current = false
