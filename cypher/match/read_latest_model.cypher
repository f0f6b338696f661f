// Read which model the scored evidence was made with last.
// access: read
MATCH (model:MatchModel)
RETURN model.id AS id, model.evidence_digest AS evidence_digest, model.estimates AS estimates,
       model.scorer AS scorer
ORDER BY model.used_at DESC, model.id
LIMIT 1
