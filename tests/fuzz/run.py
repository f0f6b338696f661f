"""``python -m tests.fuzz.run HARNESS [libFuzzer's options]``: looks for bytes that break a harness, guided by coverage.

For example for ten minutes, keeping what widens the coverage in a folder of its own::

    python -m tests.fuzz.run event -max_total_time=600 -max_len=4096 /tmp/found

The corpus of the harness is read, never written. What breaks it is written to ``crash-*`` in the working folder; put it into
``tests/fuzz/corpus/HARNESS`` once it is mended.
"""

import sys
import tempfile
from pathlib import Path

import atheris
import structlog

with atheris.instrument_imports(include=["api", "graph", "ingest"]):
    from tests.fuzz.harnesses import HARNESSES

CORPUS = Path(__file__).parent / "corpus"


def main() -> None:
    """Fuzz one harness; libFuzzer ends the process."""
    if len(sys.argv) < 2 or sys.argv[1] not in HARNESSES:
        sys.exit(f"usage: python -m tests.fuzz.run {{{','.join(HARNESSES)}}} [-max_total_time=SECONDS] [FOLDER]")
    name, options = sys.argv[1], sys.argv[2:]
    # Warnings of an import that found its match are no news here.
    structlog.configure(processors=[_drop])
    # libFuzzer writes what it finds into the first folder that it is given.
    folders = [] if any(not option.startswith("-") for option in options) else [tempfile.mkdtemp(prefix="kindred-fuzz-")]
    atheris.Setup([sys.argv[0], *options, *folders, str(CORPUS / name)], HARNESSES[name])
    atheris.Fuzz()


def _drop(_logger: object, _method: str, _event: object) -> str:
    raise structlog.DropEvent


if __name__ == "__main__":
    main()
