// Retract a steward's assertion that two members are different people.
// access: write
MATCH ()-[assertion:ASSERTED_DIFFERENT {id: $id}]->()
WHERE assertion.retracted_at IS NULL
SET assertion.retracted_at = $at, assertion.retracted_by = $by, assertion.retracted_reason = $reason
RETURN assertion.id AS id
