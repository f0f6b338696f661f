// List one page of the journey of each of some identities: touchpoints that carry an identifier of theirs, newest first.
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
MATCH (owner)<-[membership:MEMBER_OF]-(identifier:Identifier)
WHERE CASE WHEN $as_of IS NULL THEN membership.valid_to IS NULL
    ELSE membership.valid_from <= $as_of AND coalesce(membership.valid_to > $as_of, true) END
WITH identity_id, collect(identifier) AS identifiers
CALL (identifiers) {
  UNWIND identifiers AS identifier
  MATCH (identifier)<-[:CARRIES]-(touchpoint:Touchpoint)
  WHERE ($after_at IS NULL OR touchpoint.at < $after_at OR (touchpoint.at = $after_at AND touchpoint.id < $after_id))
  AND ($as_of IS NULL OR touchpoint.recorded_at <= $as_of)
  AND ($types IS NULL OR touchpoint.type IN $types)
  AND ($channels IS NULL OR touchpoint.channel IN $channels)
  AND ($from_at IS NULL OR touchpoint.at >= $from_at)
  AND ($to_at IS NULL OR touchpoint.at < $to_at)
  WITH DISTINCT touchpoint
  ORDER BY touchpoint.at DESC, touchpoint.id DESC
  LIMIT $first
  RETURN collect(touchpoint {.id, .type, .event, .channel, .source, .title, .url, .value_cents, .currency, .properties,
      .rejected_values, at: toString(touchpoint.at), recorded_at: toString(touchpoint.recorded_at),
      identifiers: COLLECT {
        MATCH (touchpoint)-[:CARRIES]->(identifier:Identifier)
        RETURN identifier {.namespace, .value} ORDER BY identifier.key LIMIT 100
      },
      products: COLLECT {
        MATCH (touchpoint)-[about:ABOUT]->(product:Product)
        RETURN {id: product.id, name: product.name, brand: product.brand, quantity: about.quantity,
          price_cents: about.price_cents, category: head(COLLECT {
            MATCH (product)-[:IN_CATEGORY]->(category:Category) RETURN category.name ORDER BY category.name LIMIT 1})}
        ORDER BY product.id LIMIT 200
      },
      order_id: head(COLLECT { MATCH (touchpoint)-[:ABOUT]->(order:Order) RETURN order.id ORDER BY order.id LIMIT 1 }),
      store_id: head(COLLECT { MATCH (touchpoint)-[:ABOUT]->(store:Store) RETURN store.id ORDER BY store.id LIMIT 1 }),
      campaign_id: head(COLLECT {
        MATCH (touchpoint)-[:ABOUT]->(campaign:Campaign) RETURN campaign.id ORDER BY campaign.id LIMIT 1 })}) AS items
}
RETURN identity_id, items
