// Survey a page of households in the order of their ids: their sizes, and what is held back about them.
// access: read
MATCH (household:Identity)
WHERE household.id > $after AND household.purpose = $purpose AND household.retired_at IS NULL
WITH household ORDER BY household.id LIMIT $limit
CALL (household) {
  MATCH (household)<-[living:LIVES_IN]-(individual:Identity)
  WHERE living.valid_to IS NULL
  RETURN collect(individual) AS individuals
}
WITH household, individuals,
  COUNT {
    UNWIND individuals AS individual
    MATCH (individual)<-[membership:MEMBER_OF]-(:Record)
    WHERE membership.valid_to IS NULL
  } AS records,
  COUNT {
    UNWIND individuals AS individual
    MATCH (individual)<-[:HOLDS]-(held:HeldBack)
    WHERE held.until IS NULL AND held.purpose = $purpose AND held.reason IN $reasons
    RETURN DISTINCT held
  } AS held
RETURN collect([household.id, size(individuals), records, size(individuals), [], 0, 0, null, [], held]) AS identities
