// Keep what a resolution learnt of the whole graph for a purpose, in place of what was kept before.
// access: write
MERGE (reference:Reference {purpose: $purpose})
SET reference.id = $id, reference.learnt_at = $learnt_at, reference.data = $data
