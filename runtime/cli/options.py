"""Options that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

Home = Annotated[
    Path | None, typer.Option("--home", help="Folder of the installation; default is the user's data folder.", show_default=False)
]
MetricsPort = Annotated[
    int | None,
    typer.Option(min=1, max=65535, help="Port for health and Prometheus metrics; none unless given.", show_default=False),
]
