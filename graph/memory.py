"""Python's search for cyclic garbage, kept away from millions of values that have no cycles.

It walks through all that lives again and again while more is made, which doubles the time that it takes to read a large graph.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

SELDOM = (50_000, 20, 100)
"""After how many new values, and how many searches among those, Python searches: its own figures are 700, 10 and 10."""


def search_for_cycles_seldom() -> None:
    """For services: what is made at the start lives for ever, and a batch of thousands of values has next to no cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*SELDOM)


@contextmanager
def no_search_for_cycles() -> Iterator[None]:
    """Search for no cycles meanwhile: for steps that make many values and few cycles."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
