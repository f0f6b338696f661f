// Say which orders, stores, campaigns and offers new touchpoints are about.
// access: write
UNWIND $subjects AS row
MATCH (touchpoint:Touchpoint {id: row.touchpoint_id})
FOREACH (id IN row.order_ids | MERGE (order:Order {id: id}) CREATE (touchpoint)-[:ABOUT]->(order))
FOREACH (id IN row.store_ids | MERGE (store:Store {id: id}) CREATE (touchpoint)-[:ABOUT]->(store))
FOREACH (id IN row.campaign_ids | MERGE (campaign:Campaign {id: id}) CREATE (touchpoint)-[:ABOUT]->(campaign))
FOREACH (id IN row.offer_ids | MERGE (offer:Offer {id: id}) CREATE (touchpoint)-[:ABOUT]->(offer))
