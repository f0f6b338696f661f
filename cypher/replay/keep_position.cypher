// Keep up to which sequence a replay has been written.
// access: write
MERGE (replay:Replay {name: $name})
SET replay.sequence = $sequence
