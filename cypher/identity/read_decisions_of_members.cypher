// List the decisions that put some members into identities of a purpose, then and now.
// access: read
UNWIND $members AS member_id
CALL (member_id) {
  MATCH (identifier:Identifier {key: member_id}) RETURN identifier AS member
  UNION
  MATCH (record:Record {id: member_id}) RETURN record AS member
  UNION
  MATCH (individual:Identity {id: member_id}) RETURN individual AS member
}
MATCH (member)-[membership:MEMBER_OF|LIVES_IN]->(identity:Identity)
WHERE identity.purpose = $purpose
WITH DISTINCT membership.decision_id AS decision_id, identity
MATCH (decision:Decision {id: decision_id})
RETURN decision.id AS id, decision.kind AS kind, decision.purpose AS purpose, decision.policy_version AS policy_version,
       decision.actor AS actor, decision.at AS at, identity.id AS identity_id, decision.before AS before,
       decision.after AS after, decision.reason AS reason
ORDER BY at, id
