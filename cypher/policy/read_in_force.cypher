// Read the newest published version of some purposes' policies, of those published by a moment; null is now.
// access: read
UNWIND $purposes AS purpose
CALL (purpose) {
  MATCH (version:PolicyVersion)
  WHERE version.purpose = purpose AND version.number > 0 AND ($as_of IS NULL OR version.at <= $as_of)
  RETURN version
  ORDER BY version.number DESC
  LIMIT 1
}
RETURN
  version.purpose AS purpose, version.number AS number, version.version AS version, version.document AS document,
  version.sha256 AS sha256, version.by AS by, version.at AS at, version.reason AS reason, version.based_on AS based_on
