// Retract that two identifiers were seen together.
// access: write
MATCH (:Identifier {key: $start})-[seen:SEEN_WITH]->(:Identifier {key: $end})
WHERE seen.retracted_at IS NULL
SET seen.retracted_at = $at, seen.retracted_by = $by, seen.retracted_reason = $reason
RETURN $start AS id
