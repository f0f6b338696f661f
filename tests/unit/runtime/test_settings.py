"""Where settings come from, and that the page about them is in step."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from runtime.settings import Settings, load_settings
from runtime.settings_document import DOCUMENT, settings_document


def test_page_is_in_step() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == settings_document(), "run `kindred settings --write-docs`"


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_every_setting_is_described(name: str) -> None:
    assert (Settings.model_fields[name].description or "").endswith(".")
    assert f"`KINDRED_{name.upper()}`" in settings_document()


def test_argument_then_environment_then_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kindred.toml").write_text('neo4j_heap_mb = 300\nlog_level = "error"\ndefault_region = "NL"\n', encoding="utf-8")
    monkeypatch.setenv("KINDRED_NEO4J_HEAP_MB", "400")
    monkeypatch.setenv("KINDRED_LOG_LEVEL", "warning")
    settings = load_settings(home=tmp_path, neo4j_heap_mb=500)
    assert (settings.neo4j_heap_mb, settings.log_level, settings.default_region) == (500, "warning", "NL")


def test_file_is_that_of_the_home_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kindred.toml").write_text("port = 9999\n", encoding="utf-8")
    monkeypatch.setenv("KINDRED_HOME", str(tmp_path))
    assert load_settings().port == 9999


def test_misspelt_name_in_the_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "kindred.toml").write_text("neo4j_heap = 300\n", encoding="utf-8")
    with pytest.raises(ValidationError, match="neo4j_heap"):
        load_settings(home=tmp_path)


def test_relative_home_becomes_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings(home=Path("here")).home == tmp_path / "here"


def test_secrets_are_not_printed(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, neo4j_password="open-sesame", write_keys={"web": "wk-1"})
    assert "open-sesame" not in repr(settings)
    assert "wk-1" not in repr(settings)


@pytest.mark.parametrize("sync", ["", "0s", "2 m", "2h", "}\nauthorization {"])
def test_sync_cannot_break_out_of_the_configuration(sync: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="nats_sync"):
        load_settings(home=tmp_path, nats_sync=sync)
