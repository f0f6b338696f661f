"""An exported graph as a ``HeteroData`` of PyTorch Geometric."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch_geometric.data.hetero_data import HeteroData

from gnn.data.interactions import to_seconds
from gnn.export.dataset import Dataset

EDGES: Final = (
    ("interactions", "customer", "interacted_with", "product"),
    ("store_visits", "customer", "visited", "store"),
    ("campaign_contacts", "customer", "met", "campaign"),
    ("offer_contacts", "customer", "met", "offer"),
    ("residences", "customer", "lives_in", "household"),
    ("product_categories", "product", "of", "category"),
)
"""File, node type at the start, what the edge says, node type at the end."""
REVERSE: Final = "rev_"


def to_hetero(dataset: Dataset) -> HeteroData:
    """The graph of customers, products, categories, stores, campaigns, offers and households.

    Every node type holds ``node_id``, the ids in the order of its nodes, and ``num_nodes``; products also ``name`` and ``brand``.
    Every edge type holds ``edge_index`` of shape ``(2, edges)``, ``edge_time`` in seconds since 1970-01-01 UTC of shape
    ``(edges,)`` and ``edge_weight`` of the same shape: the strength of an interaction (1 for a purchase), 1 elsewhere. Each has
    its reverse, named ``rev_...``. Edges are in the order of their times, so that a split by time is a slice.
    """
    data, positions = HeteroData(), _positions(dataset)
    for kind, nodes in positions.items():
        data[kind].node_id = list(nodes)
        data[kind].num_nodes = len(nodes)
    names = {row["product"]: row for row in dataset.tables["products"].to_pylist()}
    for column in ("name", "brand"):
        data["product"][column] = [names.get(product, {}).get(column) for product in positions["product"]]
    for file, start, says, end in EDGES:
        rows = dataset.tables[file].sort_by([("at", "ascending"), (start, "ascending"), (end, "ascending")])
        ends = [[positions[kind][each] for each in rows.column(kind).to_pylist()] for kind in (start, end)]
        index = torch.tensor(ends, dtype=torch.long).reshape(2, -1)
        times = torch.from_numpy(_seconds(rows.column("at")))
        weights = torch.ones(rows.num_rows)
        if "strength" in rows.column_names:
            weights = torch.from_numpy(np.array(rows.column("strength").to_numpy(), dtype=np.float32))
        for edge_type, edge_index in (((start, says, end), index), ((end, REVERSE + says, start), index.flip(0))):
            data[edge_type].edge_index = edge_index
            data[edge_type].edge_time = times
            data[edge_type].edge_weight = weights
    data.cutoff = to_seconds(dataset.cutoff)
    return data


def _positions(dataset: Dataset) -> dict[str, dict[str, int]]:
    """The position of each node by its id, ascending, for each node type: all that any table names."""
    found: dict[str, set[str]] = {}
    for table in dataset.tables.values():
        for column in ("customer", "product", "category", "store", "campaign", "offer", "household"):
            if column in table.column_names:
                named = pc.call_function("unique", [table.column(column)]).to_pylist()
                found.setdefault(column, set()).update(each for each in named if each is not None)
    return {kind: {each: position for position, each in enumerate(sorted(ids))} for kind, ids in found.items()}


def _seconds(column: pa.ChunkedArray) -> np.ndarray:
    return np.array(pc.cast(pc.cast(column, pa.timestamp("s", tz="UTC"), safe=False), pa.int64()).to_numpy())
