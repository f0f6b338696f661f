// List what the records of some identities claim of the person, and the identifiers of given namespaces that belong to them.
// access: read
UNWIND $identity_ids AS identity_id
MATCH (identity:Identity {id: identity_id})
CALL (identity) {
  RETURN identity AS owner
  UNION
  MATCH (identity)<-[home:LIVES_IN]-(owner:Individual)
  WHERE CASE WHEN $as_of IS NULL THEN home.valid_to IS NULL
      ELSE home.valid_from <= $as_of AND coalesce(home.valid_to > $as_of, true) END
  RETURN owner
}
WITH identity_id, collect(owner) AS owners
RETURN
  identity_id,
  COLLECT {
    UNWIND owners AS owner
    MATCH (owner)<-[membership:MEMBER_OF]-(record:Record)
    WHERE CASE WHEN $as_of IS NULL THEN membership.valid_to IS NULL
        ELSE membership.valid_from <= $as_of AND coalesce(membership.valid_to > $as_of, true) END
    CALL (record) {
      MATCH (record)-[:HAS_VERSION]->(version:RecordVersion)
      WHERE $as_of IS NULL OR version.recorded_at <= $as_of
      WITH version ORDER BY version.at DESC, version.id DESC
      RETURN collect(version) AS versions
    }
    WITH record, versions
    WHERE size(versions) > 0
    RETURN {
      record_id: record.id,
      source: record.source,
      // A record that any version says is an organization's is one, and an organization comes before a person.
      entity_type: reduce(least = head(versions).entity_type, version IN versions
        | CASE WHEN version.entity_type < least THEN version.entity_type ELSE least END),
      name: head([version IN versions WHERE version.full_name IS NOT NULL OR version.name_given IS NOT NULL
        | version {.at, .name_given, .given_name, .middle_name, .family_name, .name_suffix, .full_name}]),
      birth_date: head([version IN versions WHERE version.birth_date IS NOT NULL | version {.at, value: version.birth_date}]),
      gender: head([version IN versions WHERE version.gender IS NOT NULL | version {.at, value: version.gender}]),
      address: head([version IN versions WHERE version.street IS NOT NULL OR version.city IS NOT NULL OR version.postal_code IS NOT NULL
          OR version.address_given IS NOT NULL
        | version {.at, .address_given, .street, .city, .region, .postal_code, .country}]),
      consents: [version IN versions WHERE coalesce(version.consent, '{}') <> '{}' | version {.at, .consent}],
      identifiers: COLLECT {
        MATCH (record)-[states:STATES]->(identifier:Identifier)
        WHERE coalesce(states.retracted_at > $as_of, states.retracted_at IS NULL)
        WITH identifier, CASE WHEN $as_of IS NULL THEN states.last_seen
          ELSE head([version IN versions WHERE identifier.key IN version.identifier_keys | version.at]) END AS last_seen
        WHERE last_seen IS NOT NULL
        RETURN identifier {.namespace, .value, last_seen: last_seen}
      }
    }
  } AS claims,
  COLLECT {
    UNWIND owners AS owner
    MATCH (owner)<-[membership:MEMBER_OF]-(identifier:Identifier)
    WHERE identifier.namespace IN $namespaces AND CASE WHEN $as_of IS NULL THEN membership.valid_to IS NULL
        ELSE membership.valid_from <= $as_of AND coalesce(membership.valid_to > $as_of, true) END
    RETURN DISTINCT identifier {.namespace, .value}
  } AS identifiers
