// Read a page of records with the scored evidence that holds between each and records of greater id.
// access: read
MATCH (record:Record)
WHERE record.id > $after
WITH record ORDER BY record.id LIMIT $limit
WITH collect([record.id, COLLECT {
  MATCH (record)-[match:MATCHES]->(other:Record)
  WHERE match.retracted_at IS NULL
  RETURN [other.id, match.match_weight, match.linked, match.comparisons]
}]) AS records
RETURN records
