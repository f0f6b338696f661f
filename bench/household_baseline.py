"""The baseline for households: people of the same address and surname are one."""

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from pathlib import Path

from bench.clustering import components_of
from bench.records import RECORD_ID, normalised

SYSTEM = "same address and surname"


def same_address_and_surname(
    files: Sequence[tuple[Path, Path]], *, records: Set[str], individual_of: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Households of records with the same street, postal code (else town) and surname.

    With ``individual_of`` records of one individual are together too, so that somebody whose address only one record states has
    the home that it states: the baseline is then as well informed of persons as the households that it is compared with.
    """
    pairs: list[tuple[str, str]] = []
    first_of: dict[tuple[str, ...], str] = defaultdict(str)
    for row in normalised(files, records=records).to_pylist():
        record, area = row[RECORD_ID], row["postal_code"] or row["city"]
        keys: list[tuple[str, ...]] = [("individual", individual_of[record])] if individual_of and record in individual_of else []
        if row["street"] and area and row["family"]:
            keys.append((row["street"], area, row["family"]))
        pairs.append((record, record))
        for key in keys:
            pairs.append((first_of[key] or record, record))
            first_of[key] = first_of[key] or record
    return components_of(pairs)
