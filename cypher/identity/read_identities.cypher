// Stream the identities of a purpose that are not retired.
// access: read
MATCH (identity:Identity)
WHERE identity.purpose = $purpose AND identity.retired_at IS NULL
RETURN identity.id AS identity_id, identity.created_at AS created_at
