// Name, version and edition of the server, and the version of GDS.
// access: read
CALL dbms.components() YIELD name, versions, edition
WITH name, versions, edition WHERE name = 'Neo4j Kernel'
RETURN versions[0] AS neo4j_version, edition, gds.version() AS gds_version
