// A replay is found by what it replays.
// access: write
CREATE CONSTRAINT replay_name_unique IF NOT EXISTS
FOR (replay:Replay) REQUIRE replay.name IS UNIQUE
