"""The files of an exported graph: their names, columns and manifest."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import pyarrow as pa

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
MOMENT: Final = pa.timestamp("us", tz="UTC")

_CONTACT: Final = (("customer", pa.string()), ("at", MOMENT), ("type", pa.string()), ("touchpoint", pa.string()))

FILES: Final = MappingProxyType(
    {
        "products": pa.schema([("product", pa.string()), ("name", pa.string()), ("brand", pa.string())]),
        "product_categories": pa.schema([("product", pa.string()), ("category", pa.string()), ("at", MOMENT)]),
        "interactions": pa.schema(
            [
                *_CONTACT,
                ("product", pa.string()),
                ("strength", pa.float32()),
                ("quantity", pa.float32()),
                ("price_cents", pa.int64()),
                ("store", pa.string()),
            ]
        ),
        "store_visits": pa.schema([*_CONTACT, ("store", pa.string())]),
        "campaign_contacts": pa.schema([*_CONTACT, ("campaign", pa.string())]),
        "offer_contacts": pa.schema([*_CONTACT, ("offer", pa.string())]),
        "residences": pa.schema([("customer", pa.string()), ("household", pa.string()), ("at", MOMENT)]),
    }
)
"""The columns of each file, by its name without ``.parquet``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file of the export: how many rows, and the SHA-256 of its bytes."""

    rows: int
    sha256: str


def file_of(folder: Path, name: str) -> Path:
    """Where a file of the export is."""
    return folder / f"{name}.parquet"


def digest_of(file: Path) -> str:
    """SHA-256 of a file, in hex."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
