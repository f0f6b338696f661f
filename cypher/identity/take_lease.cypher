// Take a lease that nobody else holds, or prolong one's own; returns who holds it after.
// access: write
MERGE (lease:Lease {name: $name})
  ON CREATE SET lease.holder = $holder, lease.until = $until
SET lease.asked_at = $now
WITH lease, lease.holder = $holder OR lease.until <= $now AS free
SET lease.holder = CASE WHEN free THEN $holder ELSE lease.holder END,
    lease.until = CASE WHEN free THEN $until ELSE lease.until END
RETURN lease.holder AS holder, lease.until AS until
