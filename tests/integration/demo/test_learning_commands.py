"""``kindred train``, ``score``, ``models`` and ``evaluate`` on the demonstration's graph, and what the API answers then."""

import os
import re
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from gnn.model_store import ModelStore
from gnn.substitution.trainer import SIMPLE
from graph.database import Database, Neo4jAddress
from graph.repositories.embeddings import EmbeddingRepository

TIMEOUT_SECONDS = 400
ROOT = Path(__file__).parents[3]
NOTEBOOK = ROOT / "docs" / "notebooks" / "graph_export.ipynb"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("learning")


@pytest.fixture(scope="module")
def environment(stack: Any, demo_graph: Neo4jAddress) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("KINDRED_")} | {
        "KINDRED_NEO4J_URI": demo_graph.uri,
        "KINDRED_NEO4J_USER": demo_graph.user,
        "KINDRED_NEO4J_PASSWORD": demo_graph.password,
        "KINDRED_NATS_URL": stack.nats_url,
        "COLUMNS": "160",
    }


def run(environment: dict[str, str], home: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "runtime", *words, "--home", str(home)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def trained(environment: dict[str, str], home: Path) -> str:
    """What ``kindred train`` printed."""
    return run(environment, home, "train")


@pytest.fixture(scope="module")
def scored(environment: dict[str, str], home: Path, trained: str) -> str:
    """What ``kindred score`` printed."""
    assert trained
    return run(environment, home, "score")


@pytest.fixture
def store(home: Path) -> ModelStore:
    return ModelStore(folder=home / "models")


def test_both_models_are_judged_and_in_use(trained: str, store: ModelStore) -> None:
    for kind in ("recommender", "substitution"):
        version = store.current(kind)
        assert version is not None
        assert f"{kind} {version} is in use; served: " in trained
        card = store.card(kind, version)
        assert card["data"]["customers"] > 50
        assert card["limits"]
    assert len(store.card("recommender", str(store.current("recommender")))["validation"]["models"]) > 3
    # Nobody in the story buys one thing often enough to switch: there is nothing to judge by, and the simplest way is served.
    substitution = store.card("substitution", str(store.current("substitution")))
    assert (substitution["validation"]["switches"], substitution["served"]["any"]) == (0, SIMPLE)
    assert "no links were learnt" in trained


async def test_score_gives_vectors_by_which_things_are_near(scored: str, store: ModelStore, demo_database: Database) -> None:
    version = store.current("recommender")
    assert f"by {version}" in scored
    embeddings = EmbeddingRepository(demo_database)
    current = await embeddings.current()
    assert current is not None
    assert current.version == version
    records, _, _ = await demo_database._driver.execute_query(
        "MATCH (product:Product) WHERE product.embedding_a IS NOT NULL RETURN product.id AS id ORDER BY id LIMIT 5"
    )
    products = [record["id"] for record in records]
    assert len(products) == 5
    for product in products:
        near = await embeddings.similar_products(product, count=3)
        assert len(near) == 3
        assert product not in {each.product_id for each in near}
        assert [each.score for each in near] == sorted((each.score for each in near), reverse=True)


def test_models_and_evaluate_tell_of_what_is_in_use(
    environment: dict[str, str], home: Path, trained: str, store: ModelStore
) -> None:
    assert trained
    listed = run(environment, home, "models", "list")
    assert listed.count("in use") == 2
    shown = run(environment, home, "models", "show", "--kind", "substitution")
    assert f'"version": "{store.current("substitution")}"' in shown
    assert '"model": "substitution"' in shown


def test_evaluate_tells_how_an_earlier_model_has_done_since(
    environment: dict[str, str], home: Path, trained: str, store: ModelStore
) -> None:
    assert trained
    newest = datetime.fromisoformat(store.card("recommender", str(store.current("recommender")))["data"]["last"])
    folder = home / "earlier"
    before = (newest - timedelta(days=20)).strftime("%Y-%m-%dT%H:%M:%S")
    run(environment, home, "export", "graph", "--before", before, "--out", str(folder))
    known = set(store.versions("recommender"))
    run(environment, home, "train", "--export", str(folder), "--no-use")
    [earlier] = set(store.versions("recommender")) - known
    told = run(environment, home, "evaluate", "--version", earlier)
    assert re.search(r"\d+% of \d+ purchases since are of products that it does not know", told)
    assert "stability index" in told
    assert re.search(r"any NDCG@20 of the network: 0\.\d{4} since, 0\.\d{4} when judged", told)


def test_the_notebook_runs_on_an_export(environment: dict[str, str], home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = home / "export"
    run(environment, home, "export", "graph", "--out", str(folder))
    monkeypatch.setenv("KINDRED_EXPORT", str(folder))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(
        notebook, timeout=TIMEOUT_SECONDS, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}
    ).execute()
    said = [output.text for cell in notebook.cells for output in cell.get("outputs", []) if output.output_type == "stream"]
    assert re.search(r"recall@10: 0\.\d+ learnt, 0\.\d+ popular", "".join(said))


def test_the_notebook_is_kept_without_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert [cell for cell in notebook.cells if cell.get("outputs")] == []
