"""A recommender in a folder, and out of it again."""

from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np

from gnn.checkpoint import Arrays, load, put_matrix, save, take_matrix
from gnn.data.catalogue import Catalogue, Grouping
from gnn.errors import ModelError
from gnn.recommendation.factors import factors_of
from gnn.recommendation.model import Recommender
from gnn.recommendation.network_weights import HeadWeights, NetworkWeights
from gnn.recommendation.settings import Settings
from gnn.recommendation.shop import Group, Shop
from gnn.recommendation.spaces import EncodedSpace, FactorisedSpace, Space

KIND: Final = "recommender"


def save_recommender(recommender: Recommender, folder: Path) -> None:
    """Write a recommender.

    Raises:
        ModelError: the folder cannot be written.
    """
    shop, network, arrays = recommender.shop, recommender.network, Arrays()
    catalogue = shop.catalogue
    arrays["items"] = catalogue.ids
    if catalogue.titles is not None:
        arrays["titles"] = catalogue.titles
    arrays |= {
        "columns": shop.columns,
        "relative_price": shop.relative_price,
        "places": shop.places,
        "everywhere": shop.everywhere,
    }
    put_matrix(arrays, "together", shop.together)
    put_matrix(arrays, "at_place", shop.at_place)
    for position, group in enumerate(shop.groups):
        arrays[f"group.{position}.codes"] = group.grouping.codes
        arrays[f"group.{position}.log_share"] = group.log_share
        arrays[f"group.{position}.names"] = np.array(group.grouping.names, dtype=str)
    spaces = {name: _space_document(name, space, arrays) for name, space in shop.spaces.items()}
    arrays |= {"mean": network.mean, "deviation": network.deviation, "news": network.news}
    for name, head in (("repeat", network.repeat), ("new", network.new)):
        for part in fields(head):
            arrays[f"{name}.{part.name}"] = np.asarray(getattr(head, part.name), dtype=np.float32)
    document = {
        "version": recommender.version,
        "served": recommender.served,
        "served_new": recommender.served_new,
        "cutoff": shop.cutoff.isoformat(),
        "factors": list(network.names),
        "groups": [group.name for group in shop.groups],
        "levels": list(catalogue.levels),
        "qualities": list(catalogue.qualities),
        "spaces": spaces,
        "settings": {each.name: _plain(getattr(recommender.settings, each.name)) for each in fields(Settings)},
    }
    save(folder, kind=KIND, document=document, arrays=arrays)


def load_recommender(folder: Path) -> Recommender:
    """Read a recommender.

    Raises:
        ModelError: there is none, or it is not what was written.
    """
    stored = load(folder, kind=KIND)
    try:
        return _recommender(stored.document, stored.arrays)
    except (KeyError, ValueError, TypeError) as error:
        raise ModelError(f"{folder} lacks a part of a recommender: {error}") from error


def _recommender(document: Any, arrays: Arrays) -> Recommender:
    groups = tuple(
        Group(
            name=name,
            grouping=Grouping(codes=arrays[f"group.{at}.codes"], names=tuple(arrays[f"group.{at}.names"].tolist())),
            log_share=arrays[f"group.{at}.log_share"],
        )
        for at, name in enumerate(document["groups"])
    )
    by_name = {group.name: group.grouping for group in groups}
    shop = Shop(
        cutoff=datetime.fromisoformat(document["cutoff"]),
        catalogue=Catalogue(
            ids=arrays["items"],
            levels={name: by_name[name] for name in document["levels"]},
            qualities={name: by_name[name] for name in document["qualities"]},
            titles=arrays.get("titles"),
        ),
        together=take_matrix(arrays, "together"),
        columns=arrays["columns"],
        groups=groups,
        relative_price=arrays["relative_price"],
        places=arrays["places"],
        at_place=take_matrix(arrays, "at_place"),
        everywhere=arrays["everywhere"],
        spaces={name: _space(name, given, arrays) for name, given in document["spaces"].items()},
    )
    names = tuple(document["factors"])
    network = NetworkWeights(
        names=names,
        taken=names.index("taken"),
        mean=arrays["mean"],
        deviation=arrays["deviation"],
        news=arrays["news"],
        repeat=_head("repeat", arrays),
        new=_head("new", arrays),
    )
    expected = tuple(factor.name for factor in factors_of(shop))
    if expected != names:
        raise ModelError(f"the network was trained on the factors {', '.join(names)}; the shop gives {', '.join(expected)}")
    settings = {name: _typed(name, value) for name, value in document["settings"].items()}
    return Recommender(
        version=document["version"],
        shop=shop,
        network=network,
        settings=Settings(**settings),
        served=document["served"],
        served_new=document["served_new"],
    )


def _head(name: str, arrays: Arrays) -> HeadWeights:
    parts = {each.name: arrays[f"{name}.{each.name}"] for each in fields(HeadWeights) if each.name != "bias"}
    return HeadWeights(**parts, bias=float(arrays[f"{name}.bias"]))


def _space_document(name: str, space: Space, arrays: Arrays) -> dict[str, Any]:
    arrays[f"space.{name}.items"] = space.items
    match space:
        case FactorisedSpace():
            return {"kind": "factorised", "alpha": space.alpha, "regularisation": space.regularisation}
        case EncodedSpace():
            arrays[f"space.{name}.taken"] = space.taken
            return {"kind": "encoded"}
        case _:
            raise ModelError(f"the space {name} is a {type(space).__name__}, which has no stored form")


def _space(name: str, given: dict[str, Any], arrays: Arrays) -> Space:
    items = arrays[f"space.{name}.items"]
    if given["kind"] == "factorised":
        return FactorisedSpace(items=items, alpha=given["alpha"], regularisation=given["regularisation"])
    return EncodedSpace(items=items, taken=arrays[f"space.{name}.taken"])


def _plain(value: object) -> object:
    return value.total_seconds() if isinstance(value, timedelta) else value


def _typed(name: str, value: Any) -> Any:
    return timedelta(seconds=value) if isinstance(getattr(Settings(), name), timedelta) else value
