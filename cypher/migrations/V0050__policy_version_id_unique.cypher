// One node per published version of a policy; of two that are published at once, one is refused.
// access: write
CREATE CONSTRAINT policy_version_id_unique FOR (version:PolicyVersion) REQUIRE version.id IS UNIQUE
