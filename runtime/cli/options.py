"""Options that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

Home = Annotated[
    Path | None, typer.Option("--home", help="Folder of the installation; default is the user's data folder.", show_default=False)
]
