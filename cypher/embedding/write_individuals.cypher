// Give individuals that still exist their vectors in a slot.
// access: write
UNWIND $rows AS row
MATCH (individual:Individual {id: row.id})
WHERE individual.retired_at IS NULL
CALL db.create.setNodeVectorProperty(individual, $property, row.vector)
RETURN count(*) AS written
