// One node per thing held back.
// access: write
CREATE CONSTRAINT held_back_id_unique FOR (held:HeldBack) REQUIRE held.id IS UNIQUE
