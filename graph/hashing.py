"""Hashes that stand for identifiers where people read: logs, metrics, error reports."""

import hmac


def hashed(value: str, *, salt: str) -> str:
    """Twelve hex digits of HMAC-SHA-256 under the installation's salt.

    The same identifier gives the same digits in all logs of one installation, and others in those of another: enough to follow a
    person through the logs, useless to look an address up.
    """
    return hmac.digest(salt.encode(), value.encode(), "sha256").hex()[:12]
