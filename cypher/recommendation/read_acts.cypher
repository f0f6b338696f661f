// Read what a customer did with products, newest first: whoever an identifier belongs to, or it alone where it belongs to nobody.
// access: read
MATCH (asked:Identifier {key: $key})
CALL (asked) {
  RETURN asked AS identifier
  UNION
  MATCH (asked)-[membership:MEMBER_OF]->(:Identity {purpose: $purpose})<-[other:MEMBER_OF]-(identifier:Identifier)
  WHERE membership.valid_to IS NULL AND other.valid_to IS NULL
  RETURN identifier
  UNION
  MATCH (asked)-[membership:MEMBER_OF]->(:Individual)-[home:LIVES_IN]->(:Household)<-[other_home:LIVES_IN]-(:Individual)
    <-[other:MEMBER_OF]-(identifier:Identifier)
  WHERE $purpose = 'household' AND membership.valid_to IS NULL AND home.valid_to IS NULL
    AND other_home.valid_to IS NULL AND other.valid_to IS NULL
  RETURN identifier
}
MATCH (identifier)<-[:CARRIES]-(touchpoint:Touchpoint)
WHERE touchpoint.type IN $types
WITH DISTINCT touchpoint
ORDER BY touchpoint.at DESC, touchpoint.id DESC
LIMIT $most
WITH touchpoint, head(COLLECT { MATCH (touchpoint)-[:ABOUT]->(store:Store) RETURN store.id ORDER BY store.id LIMIT 1 }) AS store_id
MATCH (touchpoint)-[about:ABOUT]->(product:Product)
RETURN collect([
  product.id, touchpoint.at.epochMillis, touchpoint.type, touchpoint.event, about.quantity, about.price_cents, store_id
]) AS acts
