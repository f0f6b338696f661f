// Read who resolves a purpose, and until when.
// access: read
MATCH (lease:Lease {name: $name})
RETURN lease.holder AS holder, lease.until AS until
