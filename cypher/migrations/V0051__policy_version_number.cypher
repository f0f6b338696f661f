// The newest version of a purpose's policy is read before each resolution and explanation.
// access: write
CREATE INDEX policy_version_number FOR (version:PolicyVersion) ON (version.purpose, version.number)
