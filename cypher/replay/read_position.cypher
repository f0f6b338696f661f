// Read up to which sequence a replay has been written.
// access: read
MATCH (replay:Replay {name: $name})
RETURN replay.sequence AS sequence
