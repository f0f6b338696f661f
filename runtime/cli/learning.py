"""Commands that learn from the graph: ``train``, ``evaluate``, ``models`` and ``export graph``."""

import asyncio
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from gnn.errors import ModelError
from gnn.export.dataset import Dataset, load
from gnn.export.writing import export_graph
from gnn.model_store import ModelStore
from gnn.recommendation.stored import KIND, load_recommender
from gnn.scoring import Embeddings, embed_all
from graph.model.identity import Purpose
from graph.repositories.embeddings import EmbeddingRepository, VectorsWritten
from graph.repositories.exports import ExportRepository
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

models = typer.Typer(name="models", help="Versions of the recommender, and which is in use.", no_args_is_help=True)


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
    """Train a recommender, judge it beside simple models on the newest weeks, and put it into use.

    Where a simple model does better, that is what will be served.
    """
    with reported_errors():
        settings, now = load_settings(home=home), datetime.now(UTC)
        with _learning(), _dataset(settings, export, purpose, now) as dataset:
            from gnn.learning import learn

            store = model_store(settings)
            learnt = learn(dataset, store, now=now, seed=seed)
            if use:
                store.use(KIND, learnt.version)
    console = Console()
    console.print(_table(learnt.card))
    console.print(f"{learnt.version} is {'in use' if use else 'stored'}; {_served(learnt.card)}", highlight=False)


def evaluate(
    *,
    version: Annotated[str | None, typer.Option("--version", help="Which version; otherwise the one in use.")] = None,
    purpose: ForPurpose = Purpose.INDIVIDUAL,
    export: Export = None,
    home: Home = None,
) -> None:
    """Tell how a recommender has done on what customers took since it was trained, beside the simple models."""
    with reported_errors():
        settings, now = load_settings(home=home), datetime.now(UTC)
        store = model_store(settings)
        recommender = load_recommender(store.path(KIND, version or in_use(store)))
        with _learning(), _dataset(settings, export, purpose, now) as dataset:
            from gnn.evaluating import evaluate as evaluated

            found = evaluated(recommender, dataset.interactions(), until=dataset.cutoff)
    table = Table("model", "target", "recall@20", "NDCG@20", "95 % interval", "customers", title=recommender.version)
    for each in found:
        interval = f"{each.ndcg.low:.4f} to {each.ndcg.high:.4f}"
        table.add_row(
            each.model, each.target, f"{each.recall.mean:.4f}", f"{each.ndcg.mean:.4f}", interval, f"{each.customers:,}"
        )
    Console().print(table)


def score(*, home: Home = None) -> None:
    """Write the vectors of products and individuals by the recommender in use, for similar products and lookalikes."""
    with reported_errors():
        settings, now = load_settings(home=home), datetime.now(UTC)
        store = model_store(settings)
        recommender = load_recommender(store.path(KIND, in_use(store)))
        with _dataset(settings, None, Purpose.INDIVIDUAL, now) as dataset:
            embeddings = embed_all(recommender, dataset, at=now)
        written = asyncio.run(_write(settings, recommender.version, embeddings, now))
    Console().print(
        f"vectors of {written.products:,} products and {written.individuals:,} individuals in slot {written.slot}, "
        f"by {recommender.version}",
        highlight=False,
    )


def list_models(*, home: Home = None) -> None:
    """List the versions; the one in use is marked."""
    with reported_errors():
        store = model_store(load_settings(home=home))
        current = store.current(KIND)
        table = Table("", "version", "cutoff", "customers", "served")
        for version in store.versions(KIND):
            card = store.card(KIND, version)
            data = card["data"]
            marked = "in use" if version == current else ""
            table.add_row(marked, version, data["cutoff"], f"{data['customers']:,}", card["served"]["any"])
    Console().print(table)


def show_model(
    version: Annotated[str | None, typer.Argument(help="Which version; otherwise the one in use.")] = None, *, home: Home = None
) -> None:
    """Print a model card: data, cutoff, figures, limits."""
    with reported_errors():
        store = model_store(load_settings(home=home))
        Console().print_json(data=store.card(KIND, version or in_use(store)))


def use_model(version: Annotated[str, typer.Argument(help="Which version.")], *, home: Home = None) -> None:
    """Put a version into use, in one step; a running API takes it up within seconds."""
    with reported_errors():
        model_store(load_settings(home=home)).use(KIND, version)
    Console(stderr=True).print(f"{version} is in use", highlight=False)


def model_store(settings: Settings) -> ModelStore:
    """The models of an installation."""
    return ModelStore(folder=settings.models_folder)


def in_use(store: ModelStore) -> str:
    """The version in use.

    Raises:
        ModelError: none is.
    """
    version = store.current(KIND)
    if version is None:
        raise ModelError("no recommender is in use: kindred train makes one", code="no_model_in_use")
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


def _utc(moment: datetime | None) -> datetime | None:
    """A moment without an offset is UTC."""
    return moment if moment is None or moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _served(card: Any) -> str:
    served = card["served"]
    return f"served: {served['any']}, for new items {served['new']}"


def _table(card: Any) -> Table:
    validation = card["validation"]
    table = Table("model", "any NDCG@20", "new NDCG@20", title=f"judged from {validation['from']}")
    for name, figures in validation["models"].items():
        shown = [figures[target]["ndcg@20"]["mean"] for target in ("any", "new")]
        table.add_row(name, *("none" if value is None else f"{value:.4f}" for value in shown))
    return table
