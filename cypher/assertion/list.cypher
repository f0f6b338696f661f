// List one page of all assertions, retracted ones included, newest first.
// access: read
MATCH (left)-[assertion:ASSERTED_SAME|ASSERTED_DIFFERENT]->(right)
WITH left, assertion, right ORDER BY assertion.at DESC, assertion.id DESC
WITH collect({
  id: assertion.id, same: type(assertion) = 'ASSERTED_SAME', left: coalesce(left.key, left.id),
  right: coalesce(right.key, right.id), by: assertion.by, at: assertion.at, reason: assertion.reason,
  purpose: assertion.purpose, retracted_at: assertion.retracted_at, retracted_by: assertion.retracted_by,
  retracted_reason: assertion.retracted_reason
}) AS items
RETURN size(items) AS total,
  [item IN items WHERE coalesce(item.at < $after_at OR (item.at = $after_at AND item.id < $after_id), true)][..$first] AS items
