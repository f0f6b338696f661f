// Tell whether there are operational identities and households, and how many records there are.
// access: read
RETURN EXISTS { MATCH (:Operational) } AS operational, EXISTS { MATCH (:Household) } AS households,
       COUNT { MATCH (:Record) } AS records
