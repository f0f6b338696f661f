// Record scored evidence between pairs of records; fields and levels are given as places in a list of names.
// access: write
UNWIND $matches AS row
MATCH (left:Record {id: row.left_id})
MATCH (right:Record {id: row.right_id})
CREATE (left)-[match:MATCHES {
  match_weight: row.match_weight, linked: row.linked, model: $model, scored_at: $at,
  fields: [place IN row.fields | $names[place]], levels: [place IN row.levels | $names[place]],
  stranger_weights: row.stranger_weights, home_weights: row.home_weights,
  prior_stranger: row.prior_stranger, prior_home: row.prior_home
}]->(right)
RETURN count(match) AS recorded
