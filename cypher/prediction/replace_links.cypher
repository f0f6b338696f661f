// Put the links that a model predicts in the place of those predicted before, which stay readable as of earlier moments.
// access: write
CALL () {
  MATCH (:Record)-[standing:PREDICTED]->(:Record)
  WHERE standing.retracted_at IS NULL
  SET standing.retracted_at = $at
}
UNWIND $links AS link
MATCH (left:Record {id: link.left})
MATCH (right:Record {id: link.right})
CREATE (left)-[predicted:PREDICTED {
  probability: link.probability, least: link.least, comparisons: link.comparisons, alternatives: link.alternatives,
  model: $model, predicted_at: $at
}]->(right)
RETURN count(predicted) AS written
