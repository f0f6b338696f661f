// Give back a lease that one holds.
// access: write
MATCH (lease:Lease {name: $name})
WHERE lease.holder = $holder
DELETE lease
