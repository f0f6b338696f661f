// Find any identity of a purpose that is not retired.
// access: read
MATCH (identity:Identity)
WHERE identity.purpose = $purpose AND identity.retired_at IS NULL
RETURN identity.id AS identity_id
LIMIT 1
