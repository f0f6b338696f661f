// List what is kept of the whole graph, but for the data.
// access: read
MATCH (reference:Reference)
RETURN reference.purpose AS purpose, reference.id AS id, reference.learnt_at AS learnt_at
