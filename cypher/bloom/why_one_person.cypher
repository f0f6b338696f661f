// Show the shortest chain of evidence that makes two identifiers or records one person.
// access: read
WITH ['email', 'phone', 'user_id', 'loyalty_id', 'anonymous_id', 'device_id', 'card_token'] AS namespaces
CALL (namespaces) {
    UNWIND namespaces AS namespace
    MATCH (left:Identifier) WHERE left.key IN [namespace + ':' + trim($a), namespace + ':' + toLower(trim($a))]
    RETURN left
    UNION
    MATCH (left:Record {id: trim($a)})
    RETURN left
}
CALL (namespaces) {
    UNWIND namespaces AS namespace
    MATCH (right:Identifier) WHERE right.key IN [namespace + ':' + trim($b), namespace + ':' + toLower(trim($b))]
    RETURN right
    UNION
    MATCH (right:Record {id: trim($b)})
    RETURN right
}
MATCH (left)-[joined:MEMBER_OF]->(identity:Individual)<-[also:MEMBER_OF]-(right)
WHERE joined.valid_to IS NULL AND also.valid_to IS NULL AND left <> right
MATCH (member)-[membership:MEMBER_OF]->(identity)
WHERE membership.valid_to IS NULL
WITH identity, left, right, collect(member) AS members
MATCH path = SHORTEST 1
    (left)((:Identifier|Record)-[link:STATES|SEEN_WITH|ASSERTED_SAME]-(step:Identifier|Record)
        WHERE link.retracted_at IS NULL AND step IN members)+(right)
RETURN identity, path
