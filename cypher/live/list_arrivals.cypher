// List touchpoints that carry some identifiers, each from when on it is asked for, in the order in which they were written.
// access: read
UNWIND $sources AS source
MATCH (:Identifier {key: source.key})<-[:CARRIES]-(touchpoint:Touchpoint)
// Those written by earlier releases have no time of writing.
WITH source, touchpoint, coalesce(touchpoint.written_at, touchpoint.recorded_at) AS written_at
WHERE (source.since IS NULL OR written_at > source.since)
  AND ($after_written_at IS NULL OR written_at > $after_written_at OR (written_at = $after_written_at AND (
    touchpoint.recorded_at > $after_recorded_at
    OR (touchpoint.recorded_at = $after_recorded_at AND touchpoint.id > $after_id))))
WITH DISTINCT touchpoint, written_at
ORDER BY written_at, touchpoint.recorded_at, touchpoint.id
LIMIT $limit
RETURN toString(written_at) AS written_at, touchpoint {.id, .type, .event, .channel, .source, .title, .url, .value_cents, .currency, .properties,
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
        MATCH (touchpoint)-[:ABOUT]->(campaign:Campaign) RETURN campaign.id ORDER BY campaign.id LIMIT 1 })} AS touchpoint
