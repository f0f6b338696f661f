// List the decisions up to a moment that put some members into identities of a purpose, or that stewards took about them.
// access: read
UNWIND $members AS member_id
CALL (member_id) {
  MATCH (identifier:Identifier {key: member_id}) RETURN identifier AS member
  UNION
  MATCH (record:Record {id: member_id}) RETURN record AS member
  UNION
  MATCH (individual:Identity {id: member_id}) RETURN individual AS member
}
CALL (member) {
  MATCH (member)-[membership:MEMBER_OF|LIVES_IN]->(identity:Identity)
  WHERE identity.purpose = $purpose
  MATCH (decision:Decision {id: membership.decision_id})
  RETURN decision, identity
  UNION
  MATCH (member)-[:MEMBER_OF|LIVES_IN]->(identity:Identity)<-[:DECIDED]-(decision:Decision)
  WHERE identity.purpose = $purpose AND decision.kind IN ['asserted', 'retracted']
  RETURN decision, identity
}
WITH DISTINCT decision, identity
WHERE $as_of IS NULL OR decision.at <= $as_of
RETURN decision.id AS id, decision.kind AS kind, decision.purpose AS purpose, decision.policy_version AS policy_version,
       decision.actor AS actor, decision.at AS at, identity.id AS identity_id, decision.before AS before,
       decision.after AS after, decision.reason AS reason
ORDER BY at, id, identity_id
