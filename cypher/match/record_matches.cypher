// Record scored evidence between pairs of records.
// access: write
UNWIND range(0, size($left_ids) - 1) AS row
MATCH (left:Record {id: $left_ids[row]})
MATCH (right:Record {id: $right_ids[row]})
CREATE (left)-[match:MATCHES {
  match_weight: $match_weights[row], linked: $linked[row], comparisons: $comparisons[row], model: $model, scored_at: $at
}]->(right)
RETURN count(match) AS recorded
