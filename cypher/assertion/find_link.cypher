// Find whether a record states an identifier, or two identifiers were seen together, and nobody retracted it.
// access: read
OPTIONAL MATCH (:Record {id: $start})-[carries:CARRIES]->(:Identifier {key: $end})
WHERE carries.retracted_at IS NULL
OPTIONAL MATCH (:Identifier {key: $start})-[seen:SEEN_WITH]->(:Identifier {key: $end})
WHERE seen.retracted_at IS NULL
RETURN carries IS NOT NULL AS stated, seen IS NOT NULL AS sighted
