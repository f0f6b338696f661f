// Record a steward's evidence that two members are the same person.
// access: write
OPTIONAL MATCH (left_identifier:Identifier {key: $left})
OPTIONAL MATCH (left_record:Record {id: $left})
OPTIONAL MATCH (right_identifier:Identifier {key: $right})
OPTIONAL MATCH (right_record:Record {id: $right})
WITH coalesce(left_record, left_identifier) AS left, coalesce(right_record, right_identifier) AS right
WHERE left IS NOT NULL AND right IS NOT NULL
MERGE (left)-[assertion:ASSERTED_SAME {id: $id}]->(right)
  ON CREATE SET assertion.by = $by, assertion.at = $at, assertion.reason = $reason, assertion.purpose = $purpose
RETURN assertion.id AS id
