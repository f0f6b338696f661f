// Give the lock on migrations back.
// access: write
MATCH (lock:MigrationLock {name: 'migrations', owner: $owner})
DELETE lock
