"""A small shop whose customers have tastes: what each takes next can be known from what it and its like took before."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from gnn.data.interactions import Interactions
from gnn.data.tables import from_table

OPENED = datetime(2025, 1, 6, 9, tzinfo=UTC)
TASTES = ("coffee", "tea", "cocoa")
ITEMS_OF_TASTE = 30
JOINING_WEEKS = 16


def item_id(taste: int, number: int) -> str:
    return f"{TASTES[taste]}-{number}"


def shop(customers: int = 60, weeks: int = 30, seed: int = 1) -> Interactions:
    """Customers join week by week; each week each takes two items of its taste and, one week in five, one of another."""
    luck = np.random.default_rng(seed)
    rows = []
    for customer in range(customers):
        for week in range(customer % JOINING_WEEKS, weeks):
            taste = customer % len(TASTES)
            if luck.random() < 0.2:
                rows.append((customer, int(luck.integers(len(TASTES))), int(luck.integers(ITEMS_OF_TASTE)), week))
            rows += [(customer, taste, int(number), week) for number in luck.choice(ITEMS_OF_TASTE, 2, replace=False)]
    taken = pa.table(
        {
            "customer": [f"c{customer:03}" for customer, _, _, _ in rows],
            "item": [item_id(taste, number) for _, taste, number, _ in rows],
            "time": [OPENED + timedelta(weeks=week, minutes=customer) for customer, _, _, week in rows],
            "price": [1.0 + number for _, _, number, _ in rows],
            "place": [f"s{customer % 2}" for customer, _, _, _ in rows],
        }
    )
    return from_table(taken, items=items(), of="the small shop")


def items() -> pa.Table:
    both = [(taste, number) for taste in range(len(TASTES)) for number in range(ITEMS_OF_TASTE)]
    return pa.table(
        {
            "item": [item_id(taste, number) for taste, number in both],
            "title": [f"{TASTES[taste].title()} no. {number}" for taste, number in both],
            "category": [TASTES[taste] for taste, _ in both],
            "brand": ["Red" if number % 2 else "Blue" for _, number in both],
        }
    )
