"""The content hash: the same for the same items in any order, another for any other items, and the differences by name."""

import hashlib
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.model.contents import (
    BUCKETS,
    Bucket,
    Contents,
    Counting,
    Difference,
    Item,
    Kind,
    Section,
    differences,
    from_json,
    to_json,
)

TOUCHPOINT = Kind(Section.EVIDENCE, "Touchpoint")
INDIVIDUAL = Kind(Section.CONCLUSIONS, "individual")


def item(key: str, kind: Kind = TOUCHPOINT, **parts: str) -> Item:
    return Item(kind=kind, key=key, parts={name: value.encode() for name, value in parts.items()})


def counted(*items: Item) -> Contents:
    counting = Counting()
    for each in items:
        counting.add(each)
    return counting.contents()


ITEMS = st.lists(
    st.builds(lambda key, value: item(key, type=value), st.text(max_size=3), st.sampled_from(["", "a", "ab"])), max_size=12
)


@given(items=ITEMS, seed=st.integers())
def test_order_does_not_matter(items: list[Item], seed: int) -> None:
    shuffled = random.Random(seed).sample(items, len(items))
    assert counted(*items).differing(counted(*shuffled)) == {}
    assert counted(*items).hash(Section.EVIDENCE) == counted(*shuffled).hash(Section.EVIDENCE)


@given(items=ITEMS, other=ITEMS)
def test_other_items_hash_otherwise(items: list[Item], other: list[Item]) -> None:
    same = sorted((each.key, each.parts["type"]) for each in items) == sorted((each.key, each.parts["type"]) for each in other)
    assert (counted(*items).hash(Section.EVIDENCE) == counted(*other).hash(Section.EVIDENCE)) is same
    assert (counted(*items).differing(counted(*other)) == {}) is same


def test_an_item_twice_is_not_an_item_once_nor_none() -> None:
    once, twice = counted(item("m1")), counted(item("m1"), item("m1"))
    assert once.of(TOUCHPOINT).count == 1
    assert twice.of(TOUCHPOINT).count == 2
    assert set(once.differing(twice)) == {TOUCHPOINT}
    assert set(twice.differing(counted())) == {TOUCHPOINT}


def test_a_bucket_holds_the_sum_of_the_hashes_of_its_items() -> None:
    # The hash of an item is of each text behind its length in eight bytes: the key, then names and values.
    def hashed(*texts: bytes) -> int:
        said = b"".join(len(text).to_bytes(8, "big") + text for text in texts)
        return int.from_bytes(hashlib.sha256(said).digest(), "big")

    number = hashlib.sha256(b"m1").digest()[0]
    total = (hashed(b"m1", b"at", b"1", b"type", b"page") + hashed(b"m1")) % 2**256
    buckets = counted(item("m1", type="page", at="1"), item("m1")).of(TOUCHPOINT).buckets
    assert len(buckets) == BUCKETS
    assert buckets[number] == Bucket(2, total)
    assert all(bucket == Bucket(0, 0) for place, bucket in enumerate(buckets) if place != number)


def test_where_a_key_ends_and_a_name_begins_matters() -> None:
    assert item("ab", c="d").value() != item("a", bc="d").value()
    assert item("a", b="cd").value() != item("a", bc="d").value()


def test_sections_are_apart() -> None:
    left = counted(item("m1"), item("a", INDIVIDUAL, members="1"))
    right = counted(item("m1"), item("a", INDIVIDUAL, members="2"))
    assert set(left.differing(right)) == {INDIVIDUAL}
    assert left.differing(right, [Section.EVIDENCE]) == {}
    assert left.hash(Section.EVIDENCE) == right.hash(Section.EVIDENCE)
    assert left.hash(Section.CONCLUSIONS) != right.hash(Section.CONCLUSIONS)


def test_differences_are_named() -> None:
    left = [item("m1", type="page", title="Home"), item("m2"), item("m4"), item("m4"), item("m5", type="x")]
    right = [item("m1", type="page", title="House", url="/"), item("m3"), item("m4"), item("m5", type="x")]

    def told(key: str, left: int, right: int, *names: str) -> Difference:
        return Difference(kind=TOUCHPOINT, key=key, left=left, right=right, names=names)

    assert differences(left, right) == [
        told("m1", 1, 1, "title", "url"),
        told("m2", 1, 0),
        told("m3", 0, 1),
        told("m4", 2, 1),
    ]


@given(items=ITEMS)
def test_a_file_holds_the_contents(items: list[Item]) -> None:
    contents = counted(*items)
    assert from_json(json.loads(json.dumps(to_json(contents)))).differing(contents) == {}


def test_a_file_that_was_changed_is_refused() -> None:
    values = to_json(counted(item("m1"), item("m2")))
    with pytest.raises(ValueError, match="the format is 1, 2 is understood"):
        from_json(values | {"format": 1})
    with pytest.raises(ValueError, match="the format is 'list'"):
        from_json([])
    with pytest.raises(ValueError, match="a part is missing"):
        from_json({"format": 2})
    values["kinds"][0]["buckets"][7][0] += 1
    with pytest.raises(ValueError, match="do not give the hash"):
        from_json(values)
    values["kinds"][0]["buckets"].pop()
    with pytest.raises(ValueError, match="has not 256 buckets"):
        from_json(values)
