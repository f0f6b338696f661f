// Record the model by which records are scored.
// access: write
MERGE (model:MatchModel {id: $id})
ON CREATE SET model.at = $at, model.evidence_digest = $evidence_digest, model.parameters = $parameters, model.estimates = $estimates,
              model.scorer = $scorer
SET model.used_at = $at
RETURN model.id AS id
