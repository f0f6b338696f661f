// List the published versions of one purpose's policy below a number, the newest first; null is all of them.
// access: read
MATCH (version:PolicyVersion)
WHERE version.purpose = $purpose AND version.number > 0 AND coalesce(version.number < $before, true)
WITH version ORDER BY version.number DESC
LIMIT $first
RETURN
  version.purpose AS purpose, version.number AS number, version.version AS version, version.document AS document,
  version.sha256 AS sha256, version.by AS by, version.at AS at, version.reason AS reason, version.based_on AS based_on
