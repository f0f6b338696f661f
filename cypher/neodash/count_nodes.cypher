// Count what the graph holds, by kind.
// access: read
CALL () {
    MATCH (node:Identifier) RETURN 'Identifiers' AS what, count(node) AS total
    UNION ALL MATCH (node:Record) RETURN 'Records' AS what, count(node) AS total
    UNION ALL MATCH (node:Touchpoint) RETURN 'Touchpoints' AS what, count(node) AS total
    UNION ALL MATCH (node:Individual) WHERE node.retired_at IS NULL RETURN 'Individuals' AS what, count(node) AS total
    UNION ALL MATCH (node:Household) WHERE node.retired_at IS NULL RETURN 'Households' AS what, count(node) AS total
    UNION ALL MATCH (node:Operational) WHERE node.retired_at IS NULL RETURN 'Operational identities' AS what, count(node) AS total
    UNION ALL MATCH (node:Decision) RETURN 'Decisions' AS what, count(node) AS total
    UNION ALL MATCH (node:HeldBack) WHERE node.until IS NULL RETURN 'Held back' AS what, count(node) AS total
}
RETURN what, total
