// Keep up to which decision of a purpose everything is announced; never one before what is kept.
// access: write
MERGE (announcer:Announcer {name: $name})
  ON CREATE SET announcer.at = $at, announcer.decision_id = $decision_id
WITH announcer, announcer.at < $at OR (announcer.at = $at AND announcer.decision_id < $decision_id) AS later
FOREACH (_ IN CASE WHEN later THEN [1] ELSE [] END | SET announcer.at = $at, announcer.decision_id = $decision_id)
