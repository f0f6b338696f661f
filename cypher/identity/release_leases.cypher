// Give back leases that one holds; who waits for one is still next.
// access: write
UNWIND $names AS name
MATCH (lease:Lease {name: name})
WHERE lease.holder = $holder
SET lease.holder = NULL, lease.until = NULL
WITH lease WHERE lease.waiter IS NULL
DELETE lease
