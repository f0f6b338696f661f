// Tell which identity graphs there are, how many records, when identities last changed, and what is kept of the whole graph.
// access: read
RETURN EXISTS { MATCH (:Operational) } AS operational, EXISTS { MATCH (:Household) } AS households,
       COUNT { MATCH (:Record) } AS records,
       COLLECT {
         UNWIND $purposes AS purpose
         CALL (purpose) {
           MATCH (decision:Decision)
           WHERE decision.purpose = purpose AND decision.at IS NOT NULL
           RETURN decision.at AS latest
           // By purpose, too: only then is the order that of the index, and its last entry all that is looked at.
           ORDER BY decision.purpose DESC, decision.at DESC
           LIMIT 1
         }
         RETURN latest
       } AS changed,
       COLLECT { MATCH (reference:Reference) RETURN [reference.purpose, reference.id] } AS references
