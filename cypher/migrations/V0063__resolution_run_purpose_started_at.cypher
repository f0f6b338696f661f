// The latest run of a purpose is read after each change.
// access: write
CREATE INDEX resolution_run_purpose_started_at FOR (run:ResolutionRun) ON (run.purpose, run.started_at)
