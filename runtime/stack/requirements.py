"""Compares the installed Python packages with the hashed list that this release was tested with."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REQUIREMENTS = Path(__file__).resolve().parents[2] / "requirements.txt"


def read_requirements(path: Path = REQUIREMENTS) -> dict[str, tuple[str, bool]]:
    """Package name to its pinned version and whether a hash stands beside it, of those that apply to this Python and system."""
    pinned: dict[str, tuple[str, bool]] = {}
    # A requirement and its hashes are one line, broken with backslashes.
    for line in path.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
        text, *options = line.split(" --hash=")
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        requirement = Requirement(text.strip())
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        [specifier] = requirement.specifier
        pinned[canonicalize_name(requirement.name)] = (specifier.version, bool(options))
    return pinned


def differences(pinned: dict[str, tuple[str, bool]], *, required: frozenset[str]) -> list[str]:
    """What is installed and not as pinned, and what is required and missing; a sentence each.

    Optional groups are on the list too: a package of theirs that is not installed is no difference.
    """
    found = []
    for name, (expected, hashed) in pinned.items():
        if not hashed:
            found.append(f"{name} has no hash in the list")
        try:
            installed = version(name)
        except PackageNotFoundError:
            if name in required:
                found.append(f"{name} {expected} is not installed")
            continue
        if installed != expected:
            found.append(f"{name} is {installed}, not {expected}")
    return found
