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
MATCH (start)-[link:CARRIES|SEEN_WITH|ASSERTED_SAME|ASSERTED_DIFFERENT]->(end)
WHERE coalesce(link.retracted_at > $as_of, link.retracted_at IS NULL)
  AND EXISTS {
    MATCH (end)-[other:MEMBER_OF]->(holder:Identity)
    WHERE holder IN owners AND CASE WHEN $as_of IS NULL THEN other.valid_to IS NULL
        ELSE other.valid_from <= $as_of AND coalesce(other.valid_to > $as_of, true) END
  }
  AND CASE
    WHEN $as_of IS NULL THEN true
    WHEN link.at IS NOT NULL THEN link.at <= $as_of
    WHEN start:Record THEN EXISTS {
      MATCH (start)-[:HAS_VERSION]->(version:RecordVersion)
      WHERE version.recorded_at <= $as_of AND end.key IN version.identifier_keys
    }
    ELSE EXISTS {
      MATCH (start)<-[:CARRIES]-(touchpoint:Touchpoint)-[:CARRIES]->(end)
      WHERE touchpoint.recorded_at <= $as_of
    }
  END
WITH identity_id, {
  kind: toLower(type(link)), start: coalesce(start.key, start.id), end: coalesce(end.key, end.id), id: link.id,
  first_seen: link.first_seen, last_seen: link.last_seen, at: link.at, by: link.by, reason: link.reason
} AS item
WITH identity_id, item, item.start + '\n' + item.end + '\n' + item.kind + '\n' + coalesce(item.id, '') AS cursor
ORDER BY cursor
WITH identity_id, collect(item {.*, cursor: cursor}) AS items
RETURN identity_id, size(items) AS total, [item IN items WHERE item.cursor > $after_cursor][..$first] AS items
