// Stream what customers did with products, stores, campaigns and offers before a cutoff, by their identities as of a moment.
// access: read
MATCH (touchpoint:Touchpoint)
WHERE touchpoint.at < $cutoff AND touchpoint.recorded_at <= $as_of
  AND EXISTS { MATCH (touchpoint)-[:ABOUT]->(:Product|Store|Campaign|Offer) }
RETURN touchpoint.id AS id, touchpoint.at AS at, touchpoint.type AS type, touchpoint.event AS event,
       COLLECT {
         MATCH (touchpoint)-[:CARRIES]->(:Identifier)-[membership:MEMBER_OF]->(identity:Identity)
         WHERE identity.purpose = $purpose
           AND membership.valid_from <= $as_of AND coalesce(membership.valid_to > $as_of, true)
         RETURN DISTINCT identity.id AS identity_id ORDER BY identity_id
       } AS identity_ids,
       head(COLLECT {
         MATCH (touchpoint)-[:CARRIES]->(identifier:Identifier) RETURN identifier.key AS key ORDER BY key LIMIT 1
       }) AS identifier_key,
       COLLECT {
         MATCH (touchpoint)-[about:ABOUT]->(product:Product)
         RETURN {id: product.id, quantity: about.quantity, price_cents: about.price_cents} ORDER BY product.id
       } AS products,
       COLLECT { MATCH (touchpoint)-[:ABOUT]->(store:Store) RETURN store.id ORDER BY store.id } AS store_ids,
       COLLECT { MATCH (touchpoint)-[:ABOUT]->(campaign:Campaign) RETURN campaign.id ORDER BY campaign.id } AS campaign_ids,
       COLLECT { MATCH (touchpoint)-[:ABOUT]->(offer:Offer) RETURN offer.id ORDER BY offer.id } AS offer_ids
