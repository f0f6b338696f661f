// Take a lease that nobody else holds or waits for, or prolong one's own; returns who holds it, or is next to, after.
// access: write
MERGE (lease:Lease {name: $name})
// This locks it: what is read of it from here on, nobody else changes.
SET lease.asked_at = $now
WITH lease,
  coalesce(lease.holder = $holder, false) AS mine,
  lease.holder IS NULL OR lease.until <= $now AS lapsed,
  lease.waiter IS NULL OR lease.waiter = $holder OR lease.waits_until <= $now AS next
WITH lease, next, mine OR (lapsed AND next) AS granted
SET lease.holder = CASE WHEN granted THEN $holder ELSE lease.holder END,
    lease.until = CASE WHEN granted THEN $until ELSE lease.until END
// Who waits is next for as long as it keeps asking: somebody who works without a pause would never let it in.
FOREACH (_ IN CASE WHEN granted AND lease.waiter = $holder THEN [1] ELSE [] END | SET lease.waiter = NULL, lease.waits_until = NULL)
FOREACH (_ IN CASE WHEN NOT granted AND next AND $waits_until IS NOT NULL THEN [1] ELSE [] END |
  SET lease.waiter = $holder, lease.waits_until = $waits_until
)
RETURN coalesce(lease.holder, lease.waiter) AS holder, coalesce(lease.until, lease.waits_until) AS until
