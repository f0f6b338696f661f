// Nearest Products by their vectors of slot b; vectors of one version are written whole into one slot while the other is read.
// access: write
CREATE VECTOR INDEX product_embedding_b IF NOT EXISTS
FOR (node:Product) ON (node.embedding_b)
OPTIONS {indexConfig: {`vector.similarity_function`: 'cosine'}}
