// Take the vectors of a slot from all individuals.
// access: write
MATCH (individual:Individual)
WHERE individual[$property] IS NOT NULL
CALL (individual) { REMOVE individual[$property] } IN TRANSACTIONS OF 5000 ROWS
