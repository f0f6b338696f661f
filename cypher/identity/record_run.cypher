// Record a run of a policy over the graph, at its start and at its end.
// access: write
MERGE (run:ResolutionRun {id: $id})
SET run.purpose = $purpose, run.policy_version = $policy_version, run.started_at = $started_at,
    run.finished_at = $finished_at, run.counts = $counts, run.estimates = $estimates
