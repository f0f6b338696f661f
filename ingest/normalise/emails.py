"""E-mail addresses, by email-validator."""

from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from ingest.normalise.refused import Unusable
from ingest.normalise.text import clean


@lru_cache(maxsize=65_536)
def normalise_email(value: str) -> str | Unusable:
    """The address in lower case, NFKC, its domain in Unicode; syntax is checked, delivery is not.

    The local part is case-folded: RFC 5321 lets a host tell ``Bob@`` from ``bob@``, no provider of note does.
    No provider's own rules are applied (Gmail's dots, ``+tag``): they differ by provider, change, and where they are wrong they
    fuse two people, which no later evidence undoes. A policy may weigh such likeness; the evidence stays as it was given.
    Of ``Bob Smith <bob@work.com>`` the address is taken. ``.test`` domains pass: nobody owns them, and installations are tried
    out with them.
    """
    given = clean(value).removeprefix("mailto:").casefold()
    if len(given) > 320:
        return Unusable(f"an e-mail address has at most 320 characters, this has {len(given)}")
    try:
        return clean(validate_email(given, check_deliverability=False, test_environment=True, allow_display_name=True).normalized)
    except EmailNotValidError as error:
        return Unusable(f"not an e-mail address: {error}")
