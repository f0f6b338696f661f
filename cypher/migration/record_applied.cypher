// Record that a migration was applied. A second runner finds the record of the first.
// access: write
MERGE (migration:Migration {version: $version})
ON CREATE SET migration.name = $name, migration.checksum = $checksum, migration.applied_at = $applied_at
RETURN migration.checksum AS checksum
