// Retract a steward's assertion that two members are the same person.
// access: write
MATCH ()-[assertion:ASSERTED_SAME {id: $id}]->()
WHERE assertion.retracted_at IS NULL
SET assertion.retracted_at = $at, assertion.retracted_by = $by, assertion.retracted_reason = $reason
RETURN assertion.id AS id
