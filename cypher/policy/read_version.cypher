// Read one published version of a purpose's policy.
// access: read
MATCH (version:PolicyVersion)
WHERE version.purpose = $purpose AND version.number = $number
RETURN
  version.purpose AS purpose, version.number AS number, version.version AS version, version.document AS document,
  version.sha256 AS sha256, version.by AS by, version.at AS at, version.reason AS reason, version.based_on AS based_on
