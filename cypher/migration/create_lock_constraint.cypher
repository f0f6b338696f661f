// One lock on migrations, however many runners ask for it at once.
// access: write
CREATE CONSTRAINT migration_lock_name_unique IF NOT EXISTS FOR (lock:MigrationLock) REQUIRE lock.name IS UNIQUE
