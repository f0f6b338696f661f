"""Models of one installation: versions side by side in folders, one of each kind in use, switched in one step."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gnn.checkpoint import DOCUMENT
from gnn.errors import ModelError

CARD: Final = "card.json"
CURRENT: Final = "current"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStore:
    """Folders ``<folder>/<kind>/<version>``, and a file ``<folder>/<kind>/current`` that names the version in use."""

    folder: Path

    def path(self, kind: str, version: str) -> Path:
        """Where a version is, or would be.

        Raises:
            ModelError: the version's name is not a plain name.
        """
        if not version or version == CURRENT or Path(version).name != version or version.startswith("."):
            raise ModelError(f"{version!r} is no name of a version")
        return self.folder / kind / version

    def versions(self, kind: str) -> list[str]:
        """The versions that are whole, oldest name first."""
        return sorted(document.parent.name for document in (self.folder / kind).glob(f"*/{DOCUMENT}"))

    def current(self, kind: str) -> str | None:
        """The version in use; None where none is.

        Raises:
            ModelError: the file that names it cannot be read.
        """
        try:
            return (self.folder / kind / CURRENT).read_text(encoding="utf-8").strip() or None
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ModelError(f"{self.folder / kind / CURRENT} cannot be read: {error}") from error

    def use(self, kind: str, version: str) -> None:
        """Put a version into use: who reads sees the one before or this one, never neither.

        Raises:
            ModelError: there is no such version, or the folder cannot be written.
        """
        if version not in self.versions(kind):
            raise ModelError(f"there is no {kind} {version}; there are {', '.join(self.versions(kind)) or 'none'}")
        file = self.folder / kind / CURRENT
        unfinished = file.with_name(f".{CURRENT}.part")
        try:
            unfinished.write_text(f"{version}\n", encoding="utf-8")
            unfinished.replace(file)
        except OSError as error:
            raise ModelError(f"{file} cannot be written: {error}") from error

    def write_card(self, kind: str, version: str, card: Mapping[str, Any]) -> None:
        """Put a model card beside a checkpoint.

        Raises:
            ModelError: the folder cannot be written.
        """
        file = self.path(kind, version) / CARD
        try:
            file.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        except OSError as error:
            raise ModelError(f"{file} cannot be written: {error}") from error

    def card(self, kind: str, version: str) -> dict[str, Any]:
        """The card of a version.

        Raises:
            ModelError: there is none that can be read.
        """
        file = self.path(kind, version) / CARD
        try:
            found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ModelError(f"{file} cannot be read: {error}") from error
        return found
