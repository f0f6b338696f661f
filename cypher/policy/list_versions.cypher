// List the published versions of some purposes' policies, the newest first.
// access: read
UNWIND $purposes AS purpose
MATCH (version:PolicyVersion)
WHERE version.purpose = purpose AND version.number > 0
WITH version ORDER BY version.at DESC, version.purpose, version.number DESC
LIMIT $first
RETURN
  version.purpose AS purpose, version.number AS number, version.version AS version, version.document AS document,
  version.sha256 AS sha256, version.by AS by, version.at AS at, version.reason AS reason, version.based_on AS based_on
