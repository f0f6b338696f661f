// Of the given message ids, those that the graph has already, as a touchpoint or as a record version, with the digest of their body.
// access: read
UNWIND $ids AS id
OPTIONAL MATCH (touchpoint:Touchpoint {id: id})
OPTIONAL MATCH (version:RecordVersion {id: id})
WITH id, coalesce(touchpoint, version) AS evidence
WHERE evidence IS NOT NULL
RETURN id, evidence.body_sha256 AS body_sha256
