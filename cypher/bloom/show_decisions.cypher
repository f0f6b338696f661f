// Show the decisions about the selected identities.
// access: read
MATCH (identity:Identity) WHERE elementId(identity) IN $nodes
MATCH (decision:Decision)-[decided:DECIDED]->(identity)
RETURN identity, decided, decision
