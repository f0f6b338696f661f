// Count by day and source what entered an identity of a purpose for the first time within a time: records, or a household's individuals.
// access: read
MATCH (decision:Decision)
WHERE decision.purpose = $purpose AND decision.at >= $since AND decision.at < $until
MATCH (decision)-[:DECIDED]->(identity:Identity)<-[membership:MEMBER_OF|LIVES_IN]-(member:Record|Individual)
WHERE membership.decision_id = decision.id
  AND NOT EXISTS {
    MATCH (member)-[earlier:MEMBER_OF|LIVES_IN]->(other:Identity)
    WHERE other.purpose = $purpose AND earlier.valid_from < membership.valid_from
  }
RETURN date(decision.at) AS day, member.source AS source,
       count(CASE WHEN identity.created_at < membership.valid_from THEN 1 END) AS recognised,
       count(CASE WHEN identity.created_at >= membership.valid_from THEN 1 END) AS new
