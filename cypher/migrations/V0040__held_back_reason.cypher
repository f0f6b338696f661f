// The review queue is read by purpose and reason.
// access: write
CREATE INDEX held_back_reason FOR (held:HeldBack) ON (held.purpose, held.reason)
