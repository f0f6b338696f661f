// One touchpoint per message.
// access: write
CREATE CONSTRAINT touchpoint_id_unique FOR (touchpoint:Touchpoint) REQUIRE touchpoint.id IS UNIQUE
