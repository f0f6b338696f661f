// Find whether a record states an identifier, or two identifiers were seen together, and nobody retracted it.
// access: read
OPTIONAL MATCH (:Record {id: $start})-[states:STATES]->(:Identifier {key: $end})
WHERE states.retracted_at IS NULL
OPTIONAL MATCH (:Identifier {key: $start})-[seen:SEEN_WITH]->(:Identifier {key: $end})
WHERE seen.retracted_at IS NULL
RETURN states IS NOT NULL AS stated, seen IS NOT NULL AS sighted
