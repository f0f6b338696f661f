"""How long recommendations and replacements take over HTTP, beside a profile with its journey in the same run.

``kindred serve`` answers GraphQL from a process of its own, on a temporary installation. Its customers are households of Complete
Journey, each with its newest purchases as touchpoints, and its models are trained on the same shop: with few passes, since how
long an answer takes depends on the shop's size alone. The three questions are asked in turns.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Any, Final
from urllib.parse import urlsplit

import numpy as np
import orjson
import torch
from rich.console import Console

from bench.complete_journey import WEEK_48, complete_journey
from bench.harness import BenchError, Row, describe_machine, parser, publish, run_main
from bench.installation import temporary_installation
from bench.profile_read import BATCH, QUERY, HttpConnection
from gnn.data.interactions import Interactions, from_seconds
from gnn.model_store import ModelStore
from gnn.recommendation.model import NETWORK
from gnn.recommendation.settings import Settings as RecommenderSettings
from gnn.recommendation.stored import KIND as RECOMMENDER
from gnn.recommendation.stored import save_recommender
from gnn.recommendation.trainer import train_recommender
from gnn.substitution.settings import SubstitutionSettings
from gnn.substitution.stored import KIND as SUBSTITUTION
from gnn.substitution.stored import save_substitution
from gnn.substitution.training import fit_substitution
from graph.database import Database, open_database
from graph.identity.progress import NoProgress
from graph.model.identity import Purpose
from graph.repositories.evidence import EvidenceRepository
from ingest.normalise.event import parse_event, to_evidence
from runtime.resolving import make_resolver
from runtime.settings import load_settings
from runtime.stack.address import stack_address
from runtime.wiring import api_keys

BENCH: Final = "recommendation_read"
SIZES: Final = (20, 500)
"""Touchpoints of a customer."""
CUSTOMERS: Final = 40
ROUNDS: Final = 5
CONNECTIONS: Final = (1, 16)
FEW: Final = RecommenderSettings(cutoffs=1, encoder_epochs=1, epochs=1)
RECOMMENDATIONS: Final = """
query Recommended($identifier: IdentifierInput!) {
  recommendations(for: $identifier, count: 10) {
    ... on Recommendations {
      acts
      items { product { productId title } chance boughtBefore reason { kind text becauseOf { productId title } } }
    }
  }
}
"""
SUBSTITUTES: Final = """
query Instead($identifier: IdentifierInput!, $product: ID!) {
  substitutes(product: $product, for: $identifier) {
    ... on Substitutes { purchases items { product { productId title } chance basis reasons } }
  }
}
"""

Ask = Callable[[HttpConnection, str], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shoppers:
    """Customers of one size: e-mail address, and a product that each bought."""

    products: Mapping[str, str]


def train(interactions: Interactions, store: ModelStore) -> None:
    """Both models, in use."""
    trained = train_recommender(interactions, WEEK_48, FEW, version="bench", seed=0)
    save_recommender(replace(trained.recommender, served=NETWORK, served_new=NETWORK), store.path(RECOMMENDER, "bench"))
    settings = SubstitutionSettings(cutoffs=1, epochs=1, most_switches=2_000)
    fitted = fit_substitution(interactions, WEEK_48, settings, seed=0)
    save_substitution(replace(fitted, version="bench"), store.path(SUBSTITUTION, "bench"))
    for kind in (RECOMMENDER, SUBSTITUTION):
        store.use(kind, "bench")


async def load(database: Database, interactions: Interactions, size: int) -> Shoppers:
    """Write the newest purchases of customers who have that many, and resolve them."""
    counts = np.bincount(interactions.customer, minlength=len(interactions.customers))
    chosen = np.flatnonzero(counts >= size)[:CUSTOMERS]
    if not len(chosen):
        raise BenchError(f"no customer has {size} purchases")
    now, products, events = datetime.now(UTC), {}, []
    for customer in chosen.tolist():
        rows = np.flatnonzero(interactions.customer == customer)
        rows = rows[np.argsort(interactions.at[rows], kind="stable")][-size:]
        email = f"h{interactions.customers[customer]}-{size}@mail.example"
        items = [str(interactions.catalogue.ids[item]) for item in interactions.item[rows].tolist()]
        products[email] = items[0]
        events += [
            bought(email, f"{email}-{number}", item, from_seconds(int(at)))
            for number, (item, at) in enumerate(zip(items, interactions.at[rows].tolist(), strict=True))
        ]
    evidence = EvidenceRepository(database)
    parsed = [to_evidence(parse_event(orjson.dumps(event)), recorded_at=now, region="US") for event in events]
    for start in range(0, len(parsed), BATCH):
        await evidence.write(parsed[start : start + BATCH])
    return Shoppers(products=products)


def bought(email: str, message_id: str, item: str, at: datetime) -> dict[str, Any]:
    """One purchase as an event, and who made it."""
    return {
        "type": "track",
        "messageId": message_id,
        "source": "shop",
        "timestamp": at.isoformat(),
        "event": "Order Completed",
        "properties": {"order_id": message_id, "products": [{"product_id": item, "quantity": 1, "price": 1.0}]},
        "context": {"traits": {"email": email}},
    }


def named(email: str) -> dict[str, Any]:
    """The record of a customer."""
    return {
        "type": "identify",
        "messageId": f"{email}-profile",
        "source": "shop",
        "timestamp": "2016-12-01T00:00:00Z",
        "userId": email,
        "traits": {"name": f"Ada {email.partition('@')[0]}", "firstName": "Ada", "lastName": "Byron", "email": email},
    }


def questions(shoppers: Shoppers, size: int) -> dict[str, Ask]:
    """The three questions; each checks that what the customer did is in the answer."""

    def who(email: str) -> dict[str, str]:
        return {"namespace": "email", "value": email}

    async def profile(connection: HttpConnection, email: str) -> None:
        found = await connection.field("profile", QUERY, {"identifier": who(email)})
        if not found["journey"]["edges"]:
            raise BenchError(f"the profile of {email} has no journey")

    async def recommendations(connection: HttpConnection, email: str) -> None:
        found = await connection.field("recommendations", RECOMMENDATIONS, {"identifier": who(email)})
        if found["acts"] != size or len(found["items"]) != 10:
            raise BenchError(f"for {email} there are {found['acts']} acts and {len(found['items'])} items")

    async def substitutes(connection: HttpConnection, email: str) -> None:
        variables = {"identifier": who(email), "product": shoppers.products[email]}
        found = await connection.field("substitutes", SUBSTITUTES, variables)
        if not found["purchases"] or not found["items"]:
            raise BenchError(f"for {email} there are {found['purchases']} purchases and no items")

    return {"profile": profile, "recommendations": recommendations, "substitutes": substitutes}


async def measure(home: Path, url: str, interactions: Interactions, *, requests: int, console: Console) -> list[Row]:
    """Percentiles of each question, and over those of the profile."""
    settings = load_settings(home=home)
    [api_key] = api_keys(settings).values()
    host, port = str(urlsplit(url).hostname), int(urlsplit(url).port or 80)
    shoppers = {}
    async with open_database(stack_address(settings).neo4j) as database:
        for size in SIZES:
            shoppers[size] = await load(database, interactions, size)
        emails = [email for each in shoppers.values() for email in each.products]
        now = datetime.now(UTC)
        records = [to_evidence(parse_event(orjson.dumps(named(email))), recorded_at=now, region="US") for email in emails]
        await EvidenceRepository(database).write(records)
        await make_resolver(database).resolve(Purpose.INDIVIDUAL, progress=NoProgress())
    rows = []
    for size in SIZES:
        asks = questions(shoppers[size], size)
        emails = list(shoppers[size].products)
        for connections in CONNECTIONS:
            dataset = f"{size} touchpoints, {connections} connection{'s' if connections > 1 else ''}"
            console.print(dataset)
            taken: dict[str, list[float]] = {name: [] for name in asks}
            for turn in range(ROUNDS + 1):  # the first warms up
                for name, ask in asks.items():
                    async with AsyncExitStack() as opened:
                        pool = []
                        for _ in range(connections):
                            reader, writer = await asyncio.open_connection(host, port)
                            opened.callback(writer.close)
                            pool.append(HttpConnection(reader, writer, host=host, api_key=api_key))
                        part = await timed(pool, ask, emails, count=requests // ROUNDS)
                    taken[name] += part if turn else []
            rows += rows_of(dataset, taken)
    return rows


async def timed(pool: Sequence[HttpConnection], ask: Ask, emails: Sequence[str], *, count: int) -> list[float]:
    """Milliseconds of each answer; every connection asks as soon as it has its answer."""
    remaining = iter([emails[number % len(emails)] for number in range(count)])
    taken: list[float] = []

    async def one(connection: HttpConnection) -> None:
        for email in remaining:
            started = perf_counter()
            await ask(connection, email)
            taken.append((perf_counter() - started) * 1000)

    await asyncio.gather(*(one(connection) for connection in pool))
    return taken


def rows_of(dataset: str, taken: Mapping[str, Sequence[float]]) -> list[Row]:
    """Percentiles in milliseconds, and each over the profile's."""
    found = {name: quantiles(values, n=100) for name, values in taken.items()}
    rows = []
    for name, cuts in found.items():
        for metric, place in (("p50", 49), ("p99", 98)):
            value = cuts[place]
            rows.append(Row(bench=BENCH, dataset=dataset, system=name, metric=metric, value=value, unit="ms"))
            ratio = value / found["profile"][place]
            rows.append(Row(bench=BENCH, dataset=dataset, system=name, metric=f"{metric} / profile", value=ratio, unit="ratio"))
    return rows


def main(arguments: Sequence[str], console: Console) -> None:
    """Measure and publish the rows."""
    options = parser(BENCH, __doc__ or "", data=False)
    options.add_argument("--requests", type=int, default=1_000, metavar="N", help="questions per figure; default 1000")
    asked = options.parse_args(arguments)
    torch.set_num_threads(1)
    interactions = complete_journey().before(WEEK_48).purchases()
    with temporary_installation(services=False) as installation:
        console.print("training")
        train(interactions, ModelStore(folder=load_settings(home=installation.home).models_folder))
        with installation.serving() as url:
            rows = asyncio.run(measure(installation.home, url, interactions, requests=asked.requests, console=console))
    publish(rows, head=describe_machine(now=datetime.now(UTC)), json_file=asked.json, console=console)


if __name__ == "__main__":
    run_main(main)
