"""Properties in columns: of each property the type it has in Arrow, and in the header of Neo4j's offline import.

The names and values are those of ``graph.repositories.evidence_rows``, of which the live path writes, too.
"""

from collections.abc import Mapping
from typing import Final

import pyarrow as pa

TIME: Final = pa.timestamp("us")
"""UTC; written with the offset ``Z``, which is what the driver sends."""
TEXTS: Final = pa.list_(pa.string())

COMMON: Final[Mapping[str, pa.DataType]] = {
    "source": pa.string(),
    "body": pa.string(),
    "body_sha256": pa.string(),
    "rejected_values": TEXTS,
}
TOUCHPOINT: Final[Mapping[str, pa.DataType]] = {
    **COMMON,
    "type": pa.string(),
    "event": pa.string(),
    "channel": pa.string(),
    "title": pa.string(),
    "url": pa.string(),
    "value_cents": pa.int64(),
    "currency": pa.string(),
    "properties": pa.string(),
}
"""What ``evidence_rows.touchpoint_properties`` gives."""
VERSION: Final[Mapping[str, pa.DataType]] = {
    **COMMON,
    "at": TIME,
    "recorded_at": TIME,
    "entity_type": pa.string(),
    "name_given": pa.string(),
    "given_name": pa.string(),
    "middle_name": pa.string(),
    "family_name": pa.string(),
    "name_suffix": pa.string(),
    "full_name": pa.string(),
    "birth_date": pa.date32(),
    "gender": pa.string(),
    "street": pa.string(),
    "city": pa.string(),
    "region": pa.string(),
    "postal_code": pa.string(),
    "country": pa.string(),
    "address_given": pa.string(),
    "consent": pa.string(),
    "traits": pa.string(),
    "identifier_keys": TEXTS,
}
"""What ``evidence_rows.version_properties`` gives."""
_HEADERS: Final = {
    pa.string(): "",
    TIME: ":datetime",
    TEXTS: ":string[]",
    pa.int64(): ":long",
    pa.float64(): ":double",
    pa.date32(): ":date",
}


def header(name: str, of: pa.DataType) -> str:
    """A property in the header of an import file."""
    return f"{name}{_HEADERS[of]}"
