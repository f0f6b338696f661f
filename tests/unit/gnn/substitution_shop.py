"""A shop made by hand: rows of (customer, item, day), items of (need, brand, diet), one price each."""

import numpy as np
import pyarrow as pa

from gnn.data.interactions import SECONDS_PER_DAY, Interactions
from gnn.data.tables import from_table

ITEMS = {
    # item: department, kind, brand, diet, price
    "oat": ("dairy", "milk", "Alba", "vegan", 2.0),
    "soy": ("dairy", "milk", "Alba", "vegan", 1.94),
    "cow": ("dairy", "milk", "Brook", None, 1.0),
    "goat": ("dairy", "milk", "Brook", None, 3.0),
    "brie": ("dairy", "cheese", "Brook", None, 4.0),
    "soap": ("home", "soap", "Clean", None, 1.0),
    "gel": ("home", "soap", "Clean", None, 2.0),
}


def shop(rows, *, items=ITEMS, place="s1"):
    """Interactions of rows ``(customer, item, day)`` or ``(customer, item, day, place)``."""
    placed = [row if len(row) == 4 else (*row, place) for row in rows]
    table = pa.table(
        {
            "customer": [row[0] for row in placed],
            "item": [row[1] for row in placed],
            "time": pa.array([row[2] * SECONDS_PER_DAY for row in placed], pa.timestamp("s", tz="UTC")),
            "price": [items[row[1]][4] for row in placed],
            "place": [row[3] for row in placed],
        }
    )
    described = pa.table(
        {
            "item": list(items),
            "category_1": [each[0] for each in items.values()],
            "category_2": [each[1] for each in items.values()],
            "brand": [each[2] for each in items.values()],
            "diet": pa.array([each[3] for each in items.values()], pa.string()),
        }
    )
    return from_table(table, items=described, of="the shop")


def position(interactions: Interactions, item: str) -> int:
    """Where an item is in the catalogue."""
    return int(np.flatnonzero(interactions.catalogue.ids == item)[0])


def large_shop(customers=80, weeks=60):
    """Each customer buys oat weekly, in every fifth week soy (even customers) or cow (odd ones) instead; soap monthly."""
    rows = []
    for customer in range(customers):
        other = "soy" if customer % 2 == 0 else "cow"
        for week in range(weeks):
            day = 7 * week + customer % 5
            rows.append((f"c{customer:02}", other if week % 5 == 4 else "oat", day))
            if week % 4 == 0:
                rows.append((f"c{customer:02}", "soap" if customer % 3 else "gel", day))
    return shop([*rows, ("c00", "goat", 3), ("c01", "brie", 3)])
