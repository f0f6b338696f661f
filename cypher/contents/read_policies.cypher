// Stream the policies that people published.
// access: read
MATCH (version:PolicyVersion)
RETURN version.id AS key, properties(version) AS properties
