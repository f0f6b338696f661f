// The latest decision of a purpose is found before each change.
// access: write
CREATE INDEX decision_purpose_at FOR (decision:Decision) ON (decision.purpose, decision.at)
