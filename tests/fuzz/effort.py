"""How long is fuzzed: what fits a change's checks, or a multiple of it, as ``KINDRED_TEST_FUZZ_FACTOR`` asks."""

import os
from typing import Final

from hypothesis import HealthCheck, settings

FACTOR: Final = int(os.environ.get("KINDRED_TEST_FUZZ_FACTOR", "1"))


def examples(count: int) -> settings:
    """So many examples, the same each time; with a factor that many times more, others each time."""
    return settings(
        max_examples=count * FACTOR,
        derandomize=FACTOR == 1,
        print_blob=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
