// One node per run of a policy over the graph.
// access: write
CREATE CONSTRAINT resolution_run_id_unique FOR (run:ResolutionRun) REQUIRE run.id IS UNIQUE
