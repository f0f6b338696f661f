// List the newest decisions about the identities of the person with an e-mail address.
// access: read
MATCH (:Identifier {key: 'email:' + toLower(trim($neodash_customer_email))})-[:MEMBER_OF]->(identity:Identity)
MATCH (decision:Decision)-[:DECIDED]->(identity)
WITH DISTINCT identity, decision
ORDER BY decision.at DESC
LIMIT 200
RETURN decision.at AS at,
       decision.purpose AS purpose,
       decision.kind AS kind,
       identity.id AS identity,
       decision.reason AS reason,
       decision.actor AS actor,
       decision.policy_version AS policy
