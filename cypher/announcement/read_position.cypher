// Read up to which decision of a purpose everything is announced.
// access: read
MATCH (announcer:Announcer {name: $name})
RETURN announcer.at AS at, announcer.decision_id AS decision_id
