"""Installations of their own, for stories that kill and fill them."""

import os
import random
from pathlib import Path

import pytest

from bench.installation import KEPT_SETTINGS
from runtime.settings import Settings, load_settings
from runtime.stack.resources import choose_port


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of an installation of its own; they reach its processes through the environment."""
    for name in [name for name in os.environ if name.startswith("KINDRED_") and name not in KEPT_SETTINGS]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("KINDRED_PORT", str(choose_port(chance=random.SystemRandom())))
    return load_settings(home=tmp_path / "home", neo4j_heap_mb=512, neo4j_page_cache_mb=128)
