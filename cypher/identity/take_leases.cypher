// Take leases that nobody else holds or waits for, or prolong what one holds: all or none; returns who holds each, or is next to.
// access: write
UNWIND $names AS name
MERGE (lease:Lease {name: name})
// This locks it: what is read of it from here on, nobody else changes.
SET lease.asked_at = $now
WITH lease,
  coalesce(lease.holder = $holder, false) AS mine,
  lease.holder IS NULL OR lease.until <= $now AS lapsed,
  lease.waiter IS NULL OR lease.waiter = $holder OR lease.waits_until <= $now AS next
WITH collect({lease: lease, next: next, free: mine OR (lapsed AND next)}) AS asked
WITH asked, all(each IN asked WHERE each.free) AS granted
UNWIND asked AS each
WITH each.lease AS lease, each.next AS next, granted
SET lease.holder = CASE WHEN granted THEN $holder ELSE lease.holder END,
    lease.until = CASE WHEN granted THEN $until ELSE lease.until END
// Who waits is next for as long as it keeps asking: somebody who works without a pause would never let it in.
FOREACH (_ IN CASE WHEN granted AND lease.waiter = $holder THEN [1] ELSE [] END | SET lease.waiter = NULL, lease.waits_until = NULL)
FOREACH (_ IN CASE WHEN NOT granted AND next THEN [1] ELSE [] END |
  SET lease.waiter = $holder, lease.waits_until = $waits_until
)
RETURN lease.name AS name, coalesce(lease.holder, lease.waiter) AS holder, coalesce(lease.until, lease.waits_until) AS until
