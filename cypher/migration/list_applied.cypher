// The migrations that were applied to this database, oldest first.
// access: read
MATCH (migration:Migration)
RETURN migration.version AS version, migration.name AS name, migration.checksum AS checksum, migration.applied_at AS applied_at
ORDER BY version
