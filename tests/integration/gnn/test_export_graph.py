"""The exported graph against a real server: what is in it, and that nothing from after the cutoff is."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from gnn.data.interactions import to_seconds
from gnn.errors import ExportError
from gnn.export.dataset import Dataset, load
from gnn.export.hetero import to_hetero
from gnn.export.layout import FILES
from gnn.export.writing import ANONYMOUS, export_graph
from graph.database import Database
from graph.hashing import hashed
from graph.identity.progress import NoProgress
from graph.identity.resolver import open_resolver
from graph.model.evidence import PersonName, PostalAddress, ProductLine, RecordVersion, Touchpoint
from graph.model.identity import Purpose
from graph.model.ids import MessageId, RecordId
from graph.repositories.evidence import EvidenceRepository
from graph.repositories.exports import ExportRepository
from tests.identifiers import identifiers

START = datetime(2025, 3, 1, 9, tzinfo=UTC)
RESOLVED = START + timedelta(days=1)
CUTOFF = START + timedelta(days=10)
SALT = "salt"
SHIRT = ProductLine(product_id="p1", name="Shirt", category="Clothes", brand="Own", quantity=2.0, price_cents=999)
SHIRT_RENAMED = ProductLine(product_id="p1", name="Blouse", category="Sale", brand="Other", quantity=1.0, price_cents=499)
LAMP = ProductLine(product_id="p2")


def act(
    name: str,
    kind: str,
    key: str,
    *products: ProductLine,
    at: datetime = START,
    store: str | None = None,
    campaign: str | None = None,
    coupon: str | None = None,
) -> Touchpoint:
    return Touchpoint(
        id=MessageId(name),
        at=at,
        recorded_at=at,
        source="web",
        body_sha256="0" * 64,
        identifiers=identifiers(key),
        type=kind,
        event=kind,
        channel="web",
        products=products,
        store_id=store,
        campaign=campaign,
        coupon=coupon,
    )


def person(name: str, *keys: str, given: str) -> RecordVersion:
    return RecordVersion(
        id=MessageId(name),
        at=START,
        recorded_at=START,
        source="crm",
        body_sha256="0" * 64,
        identifiers=identifiers(*keys),
        record_id=RecordId(f"crm:{name}"),
        source_record_id=name,
        name=PersonName(given=given, family="hall", full=f"{given} hall"),
        address=PostalAddress(street="1 main st", postal_code="89111"),
    )


# Came after the resolution and before the cutoff: nobody has concluded yet whose it is.
UNRESOLVED = act("t5", "cart", "anonymous_id:b", LAMP, at=RESOLVED + timedelta(hours=1))
BEFORE: Sequence[RecordVersion | Touchpoint] = (
    person("ada", "email:ada@x.com", "anonymous_id:a", given="ada"),
    act("t1", "product_view", "anonymous_id:a", SHIRT),
    act("t2", "order", "email:ada@x.com", SHIRT, LAMP, at=START + timedelta(hours=1), store="s1", coupon="TENOFF"),
    act("t3", "list_view", "anonymous_id:a", LAMP),
    act("t4", "email_click", "email:ada@x.com", campaign="spring"),
    UNRESOLVED,
)
AFTER: Sequence[RecordVersion | Touchpoint] = (
    act("t6", "order", "email:ada@x.com", SHIRT_RENAMED, at=CUTOFF, store="s2", campaign="autumn"),
    act("t7", "order", "anonymous_id:b", ProductLine(product_id="p3", name="Hat"), at=CUTOFF + timedelta(days=1)),
    person("bea", "email:bea@x.com", "anonymous_id:b", given="bea"),
)


async def write(database: Database, evidence: Sequence[RecordVersion | Touchpoint], resolved_at: datetime) -> None:
    known = [each for each in evidence if each is not UNRESOLVED]
    await EvidenceRepository(database).write(known)
    resolver = open_resolver(database, clock=lambda: resolved_at, new_id=lambda: uuid.uuid4().hex)
    for purpose in (Purpose.INDIVIDUAL, Purpose.HOUSEHOLD):
        await resolver.resolve(purpose, progress=NoProgress())
    await EvidenceRepository(database).write([UNRESOLVED])


async def exported(database: Database, folder: Path, purpose: Purpose = Purpose.INDIVIDUAL) -> Dataset:
    await export_graph(
        ExportRepository(database), folder, purpose=purpose, cutoff=CUTOFF, as_of=CUTOFF, made_at=RESOLVED, salt=SALT
    )
    return load(folder)


def rows(table: pa.Table) -> list[tuple[object, ...]]:
    return sorted(tuple(row.values()) for row in table.to_pylist())


async def test_the_export_holds_what_happened(database: Database, tmp_path: Path) -> None:
    await write(database, BEFORE, RESOLVED)
    dataset = await exported(database, tmp_path)
    (ada,) = set(dataset.tables["residences"].column("customer").to_pylist())
    unknown = ANONYMOUS + hashed("anonymous_id:b", salt=SALT)
    later = START + timedelta(hours=1)
    assert rows(dataset.tables["interactions"]) == sorted(
        [
            (ada, START, "product_view", "t1", "p1", pytest.approx(0.2), 2.0, 999, None),
            (ada, later, "order", "t2", "p1", 1.0, 2.0, 999, "s1"),
            (ada, later, "order", "t2", "p2", 1.0, None, None, "s1"),
            (unknown, UNRESOLVED.at, "cart", "t5", "p2", 0.5, None, None, None),
        ],
        key=lambda row: (str(row[0]), row[1], row[2], row[3], row[4]),
    )
    assert rows(dataset.tables["products"]) == [("p1", "Shirt", "Own"), ("p2", None, None)]
    assert rows(dataset.tables["product_categories"]) == [("p1", "Clothes", START)]
    assert rows(dataset.tables["store_visits"]) == [(ada, later, "order", "t2", "s1")]
    assert rows(dataset.tables["campaign_contacts"]) == [(ada, START, "email_click", "t4", "spring")]
    assert rows(dataset.tables["offer_contacts"]) == [(ada, later, "order", "t2", "TENOFF")]
    assert b"ada@x.com" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


async def test_nothing_from_after_the_cutoff_changes_a_row(database: Database, tmp_path: Path) -> None:
    await write(database, BEFORE, RESOLVED)
    early = await exported(database, tmp_path / "early")
    await write(database, AFTER, CUTOFF + timedelta(days=2))
    late = await exported(database, tmp_path / "late")
    for name in FILES:
        assert rows(late.tables[name]) == rows(early.tables[name]), name


async def test_hetero_data_has_every_kind_of_node_and_edge(database: Database, tmp_path: Path) -> None:
    await write(database, BEFORE, RESOLVED)
    dataset = await exported(database, tmp_path)
    data = to_hetero(dataset)
    assert {kind: data[kind].num_nodes for kind in data.node_types} == {
        "customer": 2,
        "product": 2,
        "category": 1,
        "store": 1,
        "campaign": 1,
        "offer": 1,
        "household": 1,
    }
    bought = data["customer", "interacted_with", "product"]
    assert bought.edge_index.shape == (2, 4)
    assert bought.edge_time.tolist() == sorted(bought.edge_time.tolist())
    assert data["product"].node_id == ["p1", "p2"]
    # Ada's view, her order of both products, and then the cart of whoever it is.
    assert bought.edge_weight.tolist() == pytest.approx([0.2, 1.0, 1.0, 0.5])
    reverse = data["product", "rev_interacted_with", "customer"]
    assert (reverse.edge_index.flip(0) == bought.edge_index).all()
    assert data.cutoff == to_seconds(CUTOFF)
    assert data.validate(raise_on_error=True)


async def test_the_recommender_reads_the_same(database: Database, tmp_path: Path) -> None:
    await write(database, BEFORE, RESOLVED)
    found = (await exported(database, tmp_path)).interactions()
    assert found.catalogue.ids.tolist() == ["p1", "p2"]
    assert found.catalogue.title(0) == "Shirt"
    assert found.catalogue.levels["category"].names == ("Clothes",)
    assert found.purchases().taken().sum() == 2
    assert found.unit_price[found.item == 0].tolist() == pytest.approx([9.99, 9.99])


async def test_customers_can_be_households(database: Database, tmp_path: Path) -> None:
    await write(database, BEFORE, RESOLVED)
    residences = (await exported(database, tmp_path / "individual")).tables["residences"]
    dataset = await exported(database, tmp_path / "household", Purpose.HOUSEHOLD)
    (household,) = residences.column("household").to_pylist()
    assert household in dataset.tables["interactions"].column("customer").to_pylist()


async def test_a_file_that_was_changed_is_refused(database: Database, tmp_path: Path) -> None:
    await exported(database, tmp_path)
    (tmp_path / "products.parquet").write_bytes(b"PAR1")
    with pytest.raises(ExportError, match=r"products\.parquet has the digest .*; the manifest says"):
        load(tmp_path)
    with pytest.raises(ExportError, match="holds no export that can be read"):
        load(tmp_path / "elsewhere")
