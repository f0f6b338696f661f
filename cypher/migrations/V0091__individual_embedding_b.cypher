// Nearest Individuals by their vectors of slot b; vectors of one version are written whole into one slot while the other is read.
// access: write
CREATE VECTOR INDEX individual_embedding_b IF NOT EXISTS
FOR (node:Individual) ON (node.embedding_b)
OPTIONS {indexConfig: {`vector.similarity_function`: 'cosine'}}
