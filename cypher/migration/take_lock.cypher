// Take the lock on migrations for a while, unless another runner holds it and its time has not passed.
// access: write
MERGE (lock:MigrationLock {name: 'migrations'})
SET lock.touched_by = $owner
WITH lock, lock.owner IS NULL OR lock.owner = $owner OR lock.until < datetime() AS free
FOREACH (ignored IN CASE WHEN free THEN [1] ELSE [] END |
  SET lock.owner = $owner, lock.until = datetime() + duration({seconds: $hold_seconds}))
RETURN free
