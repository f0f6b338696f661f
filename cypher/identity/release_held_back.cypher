// End a batch of what was held back.
// access: write
UNWIND $ids AS id
MATCH (held:HeldBack {id: id})
SET held.until = $until
