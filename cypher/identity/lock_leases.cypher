// Keep others from taking leases until the end of the transaction; returns those that somebody holds, or waits for.
// access: write
UNWIND $names AS name
MERGE (lease:Lease {name: name})
// This locks it: what is read of it from here on, nobody else changes.
SET lease.asked_at = $now
WITH lease, lease.until > $now AS held, lease.waits_until > $now AS awaited
WHERE held OR awaited
RETURN lease.name AS name, CASE WHEN held THEN lease.holder ELSE lease.waiter END AS holder,
       CASE WHEN held THEN lease.until ELSE lease.waits_until END AS until
