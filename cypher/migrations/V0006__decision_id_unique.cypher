// One node per decision.
// access: write
CREATE CONSTRAINT decision_id_unique FOR (decision:Decision) REQUIRE decision.id IS UNIQUE
