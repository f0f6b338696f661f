"""Identifiers: addresses for a person, such as an e-mail address or a cookie."""

from dataclasses import dataclass, field

from graph.model.ids import IdentifierKey

# Namespaces that Kindred knows how to normalise or derives itself. The set is open: a source may bring its own
# (`crm_id`, `passport`), which policies then weigh by name or by their default.
EMAIL = "email"
PHONE = "phone"
USER_ID = "user_id"
ANONYMOUS_ID = "anonymous_id"
DEVICE_ID = "device_id"
LOYALTY_ID = "loyalty_id"
CARD_TOKEN = "card_token"  # noqa: S105 - a namespace, no secret
POSTAL_ADDRESS = "postal_address"
NAME_BIRTH_DATE = "name_birth_date"
"""A composite: the normalised full name and the full birth date, as one value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """One normalised identifier.

    ``namespace`` is lower snake case (``[a-z][a-z0-9_]*``), ``value`` the normalised, non-empty value.
    """

    namespace: str
    value: str
    key: IdentifierKey = field(init=False, repr=False, compare=False)
    """The unique key, ``namespace:value``."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", IdentifierKey(f"{self.namespace}:{self.value}"))
