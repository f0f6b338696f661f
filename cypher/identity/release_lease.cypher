// Give back a lease that one holds; who waits for it is still next.
// access: write
MATCH (lease:Lease {name: $name})
WHERE lease.holder = $holder
SET lease.holder = NULL, lease.until = NULL
WITH lease WHERE lease.waiter IS NULL
DELETE lease
