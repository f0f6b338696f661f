// Read what is kept of the whole graph for some purposes.
// access: read
MATCH (reference:Reference)
WHERE reference.purpose IN $purposes
RETURN reference.purpose AS purpose, reference.data AS data
