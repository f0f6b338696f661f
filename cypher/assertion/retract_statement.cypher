// Retract that a record states an identifier.
// access: write
MATCH (:Record {id: $start})-[states:STATES]->(:Identifier {key: $end})
WHERE states.retracted_at IS NULL
SET states.retracted_at = $at, states.retracted_by = $by, states.retracted_reason = $reason
RETURN $start AS id
