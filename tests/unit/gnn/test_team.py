"""Two processes that train together come to what one comes to alone."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[3]
TIMEOUT_SECONDS = 300


def run(*words: str) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_two_processes_train_the_same_model(tmp_path: Path) -> None:
    run("tests.unit.gnn.team_trains", str(tmp_path / "alone.npz"))
    run(
        *("torch.distributed.run", "--standalone", "--nproc-per-node", "2"),
        *("-m", "tests.unit.gnn.team_trains", str(tmp_path / "two.npz")),
    )
    with np.load(tmp_path / "alone.npz") as alone, np.load(tmp_path / "two.npz") as two:
        assert (int(alone["size"]), int(two["size"])) == (1, 2)
        for name in ("encoded", "mean", "line", "repeat", "new"):
            assert two[name] == pytest.approx(alone[name], abs=2e-3), name
