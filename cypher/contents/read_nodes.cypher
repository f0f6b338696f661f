// Stream what events left in the graph: identifiers, records, touchpoints and what these are about, without what is computed from them.
// access: read
MATCH (node:Identifier|Record|RecordVersion|Touchpoint|Product|Category|Order|Store|Campaign|Offer)
RETURN labels(node)[0] AS label, coalesce(node.key, node.id, node.name) AS key,
       node {.*, body: null, embedding_a: null, embedding_b: null} AS properties
