// List the newest interactions of the person with an e-mail address.
// access: read
MATCH (:Identifier {key: 'email:' + toLower(trim($neodash_customer_email))})-[own:MEMBER_OF]->(identity:Individual)
WHERE own.valid_to IS NULL
MATCH (identity)<-[membership:MEMBER_OF]-(:Identifier)<-[:CARRIES]-(touchpoint:Touchpoint)
WHERE membership.valid_to IS NULL
WITH DISTINCT touchpoint
ORDER BY touchpoint.at DESC
LIMIT 200
OPTIONAL MATCH (touchpoint)-[:ABOUT]->(product:Product)
WITH touchpoint, collect(coalesce(product.name, product.id)) AS products
RETURN touchpoint.at AS at,
       touchpoint.channel AS channel,
       touchpoint.event AS event,
       touchpoint.title AS title,
       products,
       touchpoint.value_cents / 100.0 AS value,
       touchpoint.currency AS currency
ORDER BY at DESC
