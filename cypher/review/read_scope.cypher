// Tell how many identities two graphs hold, how many records, when identities changed last, and what is in force and kept of the whole.
// access: read
RETURN COUNT { MATCH (:Operational) } AS operational, COUNT { MATCH (:Household) } AS households,
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
       COLLECT {
         MATCH (reference:Reference)
         WHERE reference.purpose IS NOT NULL
         RETURN [reference.purpose, reference.id]
       } AS references,
       COLLECT {
         UNWIND $purposes AS purpose
         CALL (purpose) {
           MATCH (version:PolicyVersion)
           WHERE version.purpose = purpose AND version.number > 0
           RETURN version
           ORDER BY version.number DESC
           LIMIT 1
         }
         RETURN [version.purpose, version.sha256]
       } AS policies
