// Publish a version of a policy, unless another was published since the one that it is based on.
// access: write
OPTIONAL MATCH (latest:PolicyVersion)
WHERE latest.purpose = $purpose AND latest.number > 0
WITH coalesce(max(latest.number), 0) AS latest
// Of two transactions that saw the same latest version, the unique id lets one through.
FOREACH (next IN CASE WHEN latest = $based_on THEN [latest + 1] ELSE [] END |
  CREATE (:PolicyVersion {
    id: $purpose + ':' + toString(next), purpose: $purpose, number: next, version: $version, document: $document, sha256: $sha256,
    by: $by, at: $at, reason: $reason, based_on: $based_on
  })
)
RETURN latest, latest = $based_on AS published
