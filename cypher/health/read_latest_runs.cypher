// Read the latest run of a purpose that came to its end, and the latest that estimated its precision and recall.
// access: read
OPTIONAL MATCH (run:ResolutionRun)
WHERE run.purpose = $purpose AND run.started_at IS NOT NULL AND run.finished_at IS NOT NULL
WITH run ORDER BY run.started_at DESC LIMIT 1
RETURN run.id AS run_id, run.finished_at AS finished_at, run.policy_version AS policy_version, run.counts AS counts,
  head(COLLECT {
    MATCH (estimated:ResolutionRun)
    WHERE estimated.purpose = $purpose AND estimated.started_at IS NOT NULL AND estimated.estimates IS NOT NULL
    RETURN estimated.estimates ORDER BY estimated.started_at DESC LIMIT 1
  }) AS estimates
