// An announcer is found by what it announces.
// access: write
CREATE CONSTRAINT announcer_name_unique IF NOT EXISTS
FOR (announcer:Announcer) REQUIRE announcer.name IS UNIQUE
