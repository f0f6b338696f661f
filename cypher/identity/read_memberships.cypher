// Stream the current memberships of identifiers and records in the identities of a purpose.
// access: read
MATCH (member:Identifier|Record)-[membership:MEMBER_OF]->(identity:Identity)
WHERE identity.purpose = $purpose AND membership.valid_to IS NULL
RETURN coalesce(member.key, member.id) AS member, identity.id AS identity_id
