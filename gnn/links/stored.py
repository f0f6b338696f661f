"""A predictor of links in a folder, and out of it again."""

from pathlib import Path
from typing import Final

import numpy as np

from gnn.checkpoint import Arrays, load, save
from gnn.errors import ModelError
from gnn.links.scorer import LinkNetwork, LinkScorer

KIND: Final = "links"


def save_links(scorer: LinkScorer, folder: Path) -> None:
    """Write a predictor.

    Raises:
        ModelError: the folder cannot be written.
    """
    arrays: Arrays = {"mean": scorer.mean, "deviation": scorer.deviation}
    for number, network in enumerate(scorer.networks):
        for layer, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
            arrays[f"network.{number}.{layer}.weight"] = weight
            arrays[f"network.{number}.{layer}.bias"] = bias
    document = {
        "version": scorer.version,
        "factors": list(scorer.names),
        "networks": [len(network.weights) for network in scorer.networks],
        "slope": scorer.slope,
        "offset": scorer.offset,
    }
    save(folder, kind=KIND, document=document, arrays=arrays)


def load_links(folder: Path) -> LinkScorer:
    """Read a predictor.

    Raises:
        ModelError: there is none, or it is not what was written.
    """
    stored = load(folder, kind=KIND)
    document, arrays = stored.document, stored.arrays
    try:
        networks = tuple(
            LinkNetwork(
                weights=tuple(arrays[f"network.{number}.{layer}.weight"] for layer in range(layers)),
                biases=tuple(arrays[f"network.{number}.{layer}.bias"] for layer in range(layers)),
            )
            for number, layers in enumerate(document["networks"])
        )
        return LinkScorer(
            names=tuple(document["factors"]),
            mean=np.asarray(arrays["mean"], dtype=np.float32),
            deviation=np.asarray(arrays["deviation"], dtype=np.float32),
            networks=networks,
            slope=float(document["slope"]),
            offset=float(document["offset"]),
            version=document["version"],
        )
    except (KeyError, ValueError, TypeError) as error:
        raise ModelError(f"{folder} lacks a part of a predictor of links: {error}") from error
