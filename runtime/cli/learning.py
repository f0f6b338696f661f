"""Commands that learn from the graph: ``train``, ``evaluate``, ``models`` and ``export graph``."""

import asyncio
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from gnn.drift import drift
from gnn.errors import InteractionsError, ModelError
from gnn.export.dataset import Dataset, load
from gnn.export.writing import export_graph
from gnn.links.scorer import LinkScorer
from gnn.links.stored import KIND as LINKS
from gnn.links.stored import load_links
from gnn.model_store import ModelStore
from gnn.recommendation.model import NETWORK
from gnn.recommendation.stored import KIND, load_recommender
from gnn.scoring import Embeddings, embed_all
from gnn.substitution.stored import KIND as SUBSTITUTION
from graph.model.claim import Claim
from graph.model.identity import Purpose
from graph.repositories.claims import ClaimRepository
from graph.repositories.embeddings import EmbeddingRepository, VectorsWritten
from graph.repositories.exports import ExportRepository
from graph.repositories.predictions import PredictionRepository
from graph.statements.prediction import PredictedLinkRow
from runtime.cli.errors import reported_errors
from runtime.cli.options import Home
from runtime.settings import Settings, load_settings
from runtime.wiring import open_platform

ForPurpose = Annotated[Purpose, typer.Option("--purpose", help="Which identity graph says who a customer is.")]
Export = Annotated[
    Path | None,
    typer.Option("--export", help="Learn from what `kindred export graph` wrote; otherwise from the graph.", exists=True),
]
Moment = datetime | None


class ModelKind(StrEnum):
    """What a model is for."""

    RECOMMENDER = KIND
    SUBSTITUTION = SUBSTITUTION
    LINKS = LINKS


KINDS = tuple(ModelKind)
OfKind = Annotated[ModelKind, typer.Option("--kind", help="What the model is for.")]

models = typer.Typer(name="models", help="Versions of the models, and which are in use.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add this module's commands to ``app``."""
    app.command()(train)
    app.command()(evaluate)
    app.command()(score)
    models.command("list")(list_models)
    models.command("show")(show_model)
    models.command("use")(use_model)
    app.add_typer(models)


def export_graph_command(
    *,
    out: Annotated[Path, typer.Option("--out", help="Folder to write Parquet files and a manifest into.")],
    purpose: ForPurpose = Purpose.INDIVIDUAL,
    before: Annotated[Moment, typer.Option("--before", help="Leave out what happened at or after this moment, UTC.")] = None,
    as_of: Annotated[Moment, typer.Option("--as-of", help="Memberships and evidence as of this moment, UTC.")] = None,
    home: Home = None,
) -> None:
    """Write the graph of customers and products to Parquet files, for training without the database."""
    with reported_errors():
        now = datetime.now(UTC)
        written = asyncio.run(_export(load_settings(home=home), out, purpose, _utc(before) or now, _utc(as_of) or now, now))
    console = Console(stderr=True)
    for name, rows in written.items():
        console.print(f"{rows:,} {name} in {out}", highlight=False)


def train(
    *,
    purpose: ForPurpose = Purpose.INDIVIDUAL,
    export: Export = None,
    seed: Annotated[int, typer.Option("--seed", help="Of all that chance plays a part in.")] = 0,
    use: Annotated[bool, typer.Option("--use/--no-use", help="Put the new version into use.")] = True,
    home: Home = None,
) -> None:
    """Train a recommender and what replaces what, judged beside simple models, and what links are missing; put them into use.

    Where a simple model does better, that is what will be served. What there is too little to learn from is said, and the
    rest is trained all the same. Missing links are learnt from the graph alone, not from an export.
    """
    console = Console()
    with reported_errors():
        settings, now = load_settings(home=home), datetime.now(UTC)
        with _learning(), _team(export) as first, _dataset(settings, export, purpose, now) as dataset:
            from gnn.learning import learn_links, learn_recommender, learn_substitution

            store = model_store(settings)
            with tempfile.TemporaryDirectory(prefix="kindred-models-") as nowhere:
                kept = store if first else ModelStore(folder=Path(nowhere))
                learnt = [learn_recommender(dataset, kept, now=now, seed=seed)]
            if not first:
                return
            try:
                learnt.append(learn_substitution(dataset, store, now=now, seed=seed))
            except InteractionsError as error:
                console.print(f"no replacements were learnt: {error}", highlight=False)
            try:
                if export is None:
                    claims, identity_of = asyncio.run(_records(settings))
                    learnt.append(learn_links(claims, identity_of, store, now=now, seed=seed))
            except InteractionsError as error:
                console.print(f"no links were learnt: {error}", highlight=False)
            for each in learnt if use else ():
                store.use(each.kind, each.version)
    for each in learnt:
        if each.card["validation"]["models"]:
            console.print(_table(each.card))
        state = "in use" if use else "stored"
        console.print(f"{each.kind} {each.version} is {state}; {_served(each.card)}", highlight=False)


def evaluate(
    *,
    version: Annotated[str | None, typer.Option("--version", help="Which version; otherwise the one in use.")] = None,
    purpose: ForPurpose = Purpose.INDIVIDUAL,
    export: Export = None,
    home: Home = None,
) -> None:
    """Tell how a recommender has done on what customers took since it was trained, beside the simple models, and what changed."""
    with reported_errors():
        settings, now = load_settings(home=home), datetime.now(UTC)
        store = model_store(settings)
        recommender = load_recommender(store.path(KIND, version or in_use(store)))
        with _learning(), _dataset(settings, export, purpose, now) as dataset:
            from gnn.evaluating import evaluate as evaluated

            interactions = dataset.interactions()
            found = evaluated(recommender, interactions, until=dataset.cutoff)
            moved = drift(recommender, interactions, until=dataset.cutoff)
            judged = store.card(KIND, recommender.version)["validation"]["models"]
    table = Table("model", "target", "recall@20", "NDCG@20", "95 % interval", "customers", title=recommender.version)
    for each in found:
        interval = f"{each.ndcg.low:.4f} to {each.ndcg.high:.4f}"
        table.add_row(
            each.model, each.target, f"{each.recall.mean:.4f}", f"{each.ndcg.mean:.4f}", interval, f"{each.customers:,}"
        )
    console = Console()
    console.print(table)
    console.print(
        f"{moved.unknown:.0%} of {moved.purchases:,} purchases since are of products that it does not know; of the others, "
        f"{moved.verdict} (stability index {moved.stability:.2f})",
        highlight=False,
    )
    for each in found:
        before = judged.get(each.model, {}).get(each.target, {}).get("ndcg@20", {}).get("mean")
        if each.model == NETWORK and before is not None:
            since = f"{each.ndcg.mean:.4f} since, {before:.4f} when judged"
            console.print(f"{each.target} NDCG@20 of the network: {since}", highlight=False)


def score(*, home: Home = None) -> None:
    """Write into the graph what the models in use say: vectors for similar products and lookalikes, and links for review."""
    with reported_errors():
        settings, now = load_settings(home=home), datetime.now(UTC)
        store = model_store(settings)
        recommender = load_recommender(store.path(KIND, in_use(store)))
        with _dataset(settings, None, Purpose.INDIVIDUAL, now) as dataset:
            embeddings = embed_all(recommender, dataset, at=now)
        written = asyncio.run(_write(settings, recommender.version, embeddings, now))
        predictor = store.current(LINKS)
        predicted = None if predictor is None else asyncio.run(_predict(settings, load_links(store.path(LINKS, predictor)), now))
    console = Console()
    console.print(
        f"vectors of {written.products:,} products and {written.individuals:,} individuals in slot {written.slot}, "
        f"by {recommender.version}",
        highlight=False,
    )
    if predicted is not None:
        console.print(f"{predicted:,} predicted links for review, by {predictor}", highlight=False)


def list_models(*, home: Home = None) -> None:
    """List the versions; those in use are marked."""
    with reported_errors():
        store = model_store(load_settings(home=home))
        table = Table("", "kind", "version", "cutoff", "customers", "served")
        for kind in KINDS:
            current = store.current(kind)
            for version in store.versions(kind):
                card = store.card(kind, version)
                data = card["data"]
                marked = "in use" if version == current else ""
                table.add_row(marked, kind, version, data["cutoff"], f"{data['customers']:,}", card["served"]["any"])
    Console().print(table)


def show_model(
    version: Annotated[str | None, typer.Argument(help="Which version; otherwise the one in use.")] = None,
    *,
    kind: OfKind = ModelKind.RECOMMENDER,
    home: Home = None,
) -> None:
    """Print a model card: data, cutoff, figures, limits."""
    with reported_errors():
        store = model_store(load_settings(home=home))
        Console().print_json(data=store.card(kind, version or in_use(store, kind)))


def use_model(
    version: Annotated[str, typer.Argument(help="Which version.")],
    *,
    kind: OfKind = ModelKind.RECOMMENDER,
    home: Home = None,
) -> None:
    """Put a version into use, in one step; a running API takes it up within seconds."""
    with reported_errors():
        model_store(load_settings(home=home)).use(kind, version)
    Console(stderr=True).print(f"{kind} {version} is in use", highlight=False)


def model_store(settings: Settings) -> ModelStore:
    """The models of an installation."""
    return ModelStore(folder=settings.models_folder)


def in_use(store: ModelStore, kind: str = KIND) -> str:
    """The version of a kind that is in use.

    Raises:
        ModelError: none is.
    """
    version = store.current(kind)
    if version is None:
        raise ModelError(f"no {kind} is in use: kindred train makes one", code="no_model_in_use")
    return version


@contextmanager
def _learning() -> Iterator[None]:
    """Say what to install where the packages for learning are not there; keep what they warn their own developers of quiet."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=FutureWarning, module="torch")
            yield
    except ModuleNotFoundError as error:
        raise ModelError(f"learning needs the package {error.name}: uv sync --group gnn", code="packages_missing") from error


@contextmanager
def _team(export: Path | None) -> Iterator[bool]:
    """Join the processes that ``torchrun`` started, if it did; gives whether this is the one that stores what was learnt."""
    from gnn.recommendation.team import joined

    with joined() as together:
        if together.size > 1 and export is None:
            raise ModelError("processes that train together need one export: kindred export graph, then --export")
        yield together.rank == 0


@contextmanager
def _dataset(settings: Settings, export: Path | None, purpose: Purpose, now: datetime) -> Iterator[Dataset]:
    """The export that was named, or one made now and deleted afterwards."""
    if export is not None:
        yield load(export)
        return
    with tempfile.TemporaryDirectory(prefix="kindred-export-") as folder:
        asyncio.run(_export(settings, Path(folder), purpose, now, now, now))
        yield load(Path(folder))


async def _export(
    settings: Settings, folder: Path, purpose: Purpose, before: datetime, as_of: datetime, now: datetime
) -> dict[str, int]:
    async with open_platform(settings) as platform:
        written = await export_graph(
            ExportRepository(platform.database),
            folder,
            purpose=purpose,
            cutoff=before,
            as_of=as_of,
            made_at=now,
            salt=platform.hash_salt,
        )
    return {name: each.rows for name, each in written.items()}


async def _write(settings: Settings, version: str, embeddings: Embeddings, now: datetime) -> VectorsWritten:
    async with open_platform(settings) as platform:
        return await EmbeddingRepository(platform.database).write(
            version=version, products=embeddings.products, individuals=embeddings.customers, at=now
        )


async def _records(settings: Settings) -> tuple[tuple[Claim, ...], dict[str, str]]:
    """All records, and the individual of each."""
    async with open_platform(settings) as platform:
        evidence = await ClaimRepository(platform.database).everything()
        return evidence.claims, await PredictionRepository(platform.database).individuals_of_records()


async def _predict(settings: Settings, scorer: LinkScorer, now: datetime) -> int:
    """Predict links, and have them wait for review."""
    from gnn.links.predicting import predict_links
    from gnn.links.settings import LinkSettings
    from gnn.links.standing import standing

    claims, identity_of = await _records(settings)
    links = predict_links(standing(claims, identity_of), scorer, least_probability=LinkSettings().least_probability)
    rows = [PredictedLinkRow(**{each.name: getattr(link, each.name) for each in fields(PredictedLinkRow)}) for link in links]
    async with open_platform(settings) as platform:
        return await PredictionRepository(platform.database).replace(rows, model=scorer.version, at=now)


def _utc(moment: datetime | None) -> datetime | None:
    """A moment without an offset is UTC."""
    return moment if moment is None or moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _served(card: Any) -> str:
    served = card["served"]
    return f"served: {served['any']}" + (f", for new items {served['new']}" if "new" in served else "")


def _table(card: Any) -> Table:
    """What each model came to when they were compared: one column for each figure and target."""
    validation = card["validation"]
    columns = [(target, "ndcg@20") for target in ("any", "new")] if card["model"] == KIND else [(None, "hit@3")]
    headings = [" ".join(part for part in column if part) for column in columns]
    table = Table("model", *headings, title=f"judged from {validation['from']}")
    for name, figures in validation["models"].items():
        shown = [(figures[target] if target else figures)[figure]["mean"] for target, figure in columns]
        table.add_row(name, *("none" if value is None else f"{value:.4f}" for value in shown))
    return table
