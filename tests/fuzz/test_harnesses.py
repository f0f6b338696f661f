"""Each harness is fuzzed for some thousand runs, guided by coverage from its corpus; what once broke it is in the corpus.

More of it: ``KINDRED_TEST_FUZZ_FACTOR=100 python -m pytest tests/fuzz``, or ``python -m tests.fuzz.run HARNESS`` for one alone.
"""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.fuzz.effort import FACTOR
from tests.fuzz.harnesses import HARNESSES

CORPUS: Final = Path(__file__).parent / "corpus"
RUNS: Final = {"event": 20_000, "cursor": 20_000, "dead_letter": 20_000, "mapping_file": 3_000}
FILE_RUNS: Final = 1_500
"""Of a harness that opens a file each time."""
SEED: Final = 20260301
SECONDS: Final = 45 * FACTOR


@pytest.mark.parametrize(
    ("name", "path"),
    [pytest.param(name, path, id=f"{name}-{path.name}") for name in HARNESSES for path in sorted((CORPUS / name).iterdir())],
)
def test_the_corpus_breaks_nothing(name: str, path: Path) -> None:
    HARNESSES[name](path.read_bytes())


@pytest.mark.skipif(sys.platform != "linux", reason="atheris has wheels for Linux alone")
@pytest.mark.parametrize("name", list(HARNESSES))
def test_nothing_that_is_found_breaks_it(name: str, tmp_path: Path) -> None:
    options = [
        f"-runs={RUNS.get(name, FILE_RUNS) * FACTOR}",
        "-max_len=2048",
        f"-max_total_time={SECONDS}",
        "-print_final_stats=1",
    ]
    options += [f"-seed={SEED}" if FACTOR == 1 else "-seed=0", f"-artifact_prefix={tmp_path}/"]
    found = tmp_path / "found"
    found.mkdir()
    command = [sys.executable, "-m", "tests.fuzz.run", name, *options, str(found)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS + 120, check=False)
    broken = [f"{path.name}: {path.read_bytes()!r}" for path in tmp_path.iterdir() if path.is_file()]
    assert broken == [], done.stderr[-3_000:]
    assert done.returncode == 0, done.stderr[-3_000:]
    assert "number_of_executed_units" in done.stderr
