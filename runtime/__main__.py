"""``python -m runtime`` is ``kindred``: how background services are started with the same Python."""

from runtime.cli.main import app

app()
