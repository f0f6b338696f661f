// What arrived on a day is counted while the day lasts.
// access: write
CREATE INDEX record_version_recorded_at FOR (version:RecordVersion) ON (version.recorded_at)
