// List one page of the evidence that connects members of each of some identities with one another.
// access: read
UNWIND $identity_ids AS identity_id
MATCH (identity:Identity {id: identity_id})
CALL (identity) {
  RETURN identity AS owner
  UNION
  MATCH (identity)<-[home:LIVES_IN]-(owner:Individual)
  WHERE CASE WHEN $as_of IS NULL THEN home.valid_to IS NULL
      ELSE home.valid_from <= $as_of AND coalesce(home.valid_to > $as_of, true) END
  RETURN owner
}
WITH identity_id, collect(owner) AS owners
UNWIND owners AS owner
MATCH (owner)<-[membership:MEMBER_OF]-(start)
WHERE CASE WHEN $as_of IS NULL THEN membership.valid_to IS NULL
    ELSE membership.valid_from <= $as_of AND coalesce(membership.valid_to > $as_of, true) END
MATCH (start)-[link:STATES|SEEN_WITH|ASSERTED_SAME|ASSERTED_DIFFERENT]->(end)
WHERE coalesce(link.retracted_at > $as_of, link.retracted_at IS NULL)
  AND EXISTS {
    MATCH (end)-[other:MEMBER_OF]->(holder:Identity)
    WHERE holder IN owners AND CASE WHEN $as_of IS NULL THEN other.valid_to IS NULL
        ELSE other.valid_from <= $as_of AND coalesce(other.valid_to > $as_of, true) END
  }
  AND CASE WHEN $as_of IS NULL OR link.at IS NULL THEN true ELSE link.at <= $as_of END
// As of a moment, what was seen of a link is what had been recorded by then.
CALL (start, link, end) {
  WITH * WHERE $as_of IS NULL OR link.at IS NOT NULL
  RETURN link.first_seen AS first_seen, link.last_seen AS last_seen, true AS known
  UNION
  WITH * WHERE $as_of IS NOT NULL AND link.at IS NULL AND start:Record
  MATCH (start)-[:HAS_VERSION]->(version:RecordVersion)
  WHERE version.recorded_at <= $as_of AND end.key IN version.identifier_keys
  RETURN min(version.at) AS first_seen, max(version.at) AS last_seen, count(version) > 0 AS known
  UNION
  WITH * WHERE $as_of IS NOT NULL AND link.at IS NULL AND NOT start:Record
  MATCH (start)<-[:CARRIES]-(touchpoint:Touchpoint)-[:CARRIES]->(end)
  WHERE touchpoint.recorded_at <= $as_of
  RETURN min(touchpoint.at) AS first_seen, max(touchpoint.at) AS last_seen, count(touchpoint) > 0 AS known
}
WITH identity_id, start, link, end, first_seen, last_seen WHERE known
WITH identity_id, {
  kind: toLower(type(link)), start: coalesce(start.key, start.id), end: coalesce(end.key, end.id), id: link.id,
  first_seen: first_seen, last_seen: last_seen, at: link.at, by: link.by, reason: link.reason
} AS item
WITH identity_id, item, item.start + '\n' + item.end + '\n' + item.kind + '\n' + coalesce(item.id, '') AS cursor
ORDER BY cursor
WITH identity_id, collect(item {.*, cursor: cursor}) AS items
RETURN identity_id, size(items) AS total, [item IN items WHERE item.cursor > $after_cursor][..$first] AS items
