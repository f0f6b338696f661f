// One record per migration.
// access: write
CREATE CONSTRAINT migration_version_unique IF NOT EXISTS FOR (migration:Migration) REQUIRE migration.version IS UNIQUE
