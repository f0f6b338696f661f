// Show the ten individuals with the most members: the first to look at when something was joined that should not be.
// access: read
MATCH (identity:Individual)<-[membership:MEMBER_OF]-()
WHERE membership.valid_to IS NULL
WITH identity, count(*) AS members
ORDER BY members DESC, identity.id
LIMIT 10
MATCH (identity)<-[membership:MEMBER_OF]-(member)
WHERE membership.valid_to IS NULL
RETURN identity, membership, member
