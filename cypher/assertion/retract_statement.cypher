// Retract that a record states an identifier.
// access: write
MATCH (:Record {id: $start})-[carries:CARRIES]->(:Identifier {key: $end})
WHERE carries.retracted_at IS NULL
SET carries.retracted_at = $at, carries.retracted_by = $by, carries.retracted_reason = $reason
RETURN $start AS id
