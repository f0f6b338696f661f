// List what belongs to the person with an e-mail address: identifiers, and records with their current name.
// access: read
MATCH (:Identifier {key: 'email:' + toLower(trim($neodash_customer_email))})-[own:MEMBER_OF]->(identity:Individual)
WHERE own.valid_to IS NULL
MATCH (member)-[membership:MEMBER_OF]->(identity)
WHERE membership.valid_to IS NULL
OPTIONAL MATCH (member)-[:HAS_VERSION]->(version:RecordVersion)
WITH identity, member, membership, version
ORDER BY version.at DESC, version.id DESC
WITH identity, member, membership, head(collect(version)) AS version
RETURN identity.id AS individual,
       head(labels(member)) AS kind,
       coalesce(member.key, member.id) AS member,
       version.name_given AS name,
       version.address_given AS address,
       membership.valid_from AS since
ORDER BY kind, member
