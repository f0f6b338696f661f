"""Predicted links: evidence taken away, pairs and their factors, what is learnt, and what is said of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest
import torch

from gnn.errors import InteractionsError, ModelError
from gnn.links.candidates import place_of
from gnn.links.factors import embed
from gnn.links.hiding import hide
from gnn.links.predicting import predict_links
from gnn.links.scorer import LinkNetwork, LinkScorer
from gnn.links.settings import LinkSettings
from gnn.links.standing import Standing, most_of, standing
from gnn.links.stored import load_links, save_links
from gnn.links.training import train_links
from graph.identity.matching.matching import match_records
from graph.identity.matching.records import records_of
from graph.model.claim import Claim
from graph.model.evidence import PersonName, PostalAddress
from graph.model.ids import IdentifierKey, RecordId
from graph.model.scored_match import Comparisons

AT = datetime(2024, 6, 1, tzinfo=UTC)
SETTINGS = LinkSettings(shares=(0.2, 0.3), epochs=6, networks=2, hidden=32, batch=128, least_links=20, most_pairs=4_000)
RECORDS = 3_000


def claim(record: str, *keys: str, given: str | None = "ann", family: str | None = "lee", **more: Any) -> Claim:
    parts = [part for part in (given, family) if part]
    return Claim(
        record_id=RecordId(record),
        source="crm",
        name=PersonName(given=given, family=family, full=" ".join(parts) or None),
        at=AT,
        first_seen=AT,
        identifiers=tuple(sorted(IdentifierKey(key) for key in keys)),
        **more,
    )


WHOLE = claim(
    "crm:1",
    *("email:ann@shop.test", "phone:+15550100", "postal_address:1 oak st 89111 us", "name_birth_date:ann lee 1980-01-02"),
    birth_date=date(1980, 1, 2),
    gender="f",
    address=PostalAddress(street="1 oak st", city="las vegas", region="nv", postal_code="89111", country="us"),
)


@pytest.fixture(scope="module")
def claims(customers: Callable[[int], list[Claim]]) -> list[Claim]:
    return hide(customers(RECORDS), 0.1, seed=5)


@pytest.fixture(scope="module")
def stands(claims: list[Claim]) -> Standing:
    return standing(claims)


@pytest.fixture(scope="module")
def scorer(claims: list[Claim], stands: Standing) -> LinkScorer:
    return train_links(claims, stands, SETTINGS, version="v1", seed=0).scorer


def test_nothing_is_hidden_of_no_share_and_all_of_the_whole() -> None:
    assert hide([WHOLE], 0.0, seed=1) == [WHOLE]
    [bare] = hide([WHOLE], 1.0, seed=1)
    assert bare == claim("crm:1", given=None, family=None)


def test_what_is_made_of_a_piece_goes_with_it() -> None:
    hidden = hide([WHOLE] * 400, 0.3, seed=1)
    assert hidden == hide([WHOLE] * 400, 0.3, seed=1)
    for each in hidden:
        namespaces = {key.partition(":")[0] for key in each.identifiers}
        assert ("postal_address" in namespaces) == (each.address == WHOLE.address)
        complete = each.birth_date is not None and each.name.full == "ann lee"
        assert ("name_birth_date" in namespaces) == complete
        assert each.name.full == (" ".join(part for part in (each.name.given, each.name.family) if part) or None)
    # Of 400 with 30 % hidden some 280 keep their e-mail address; six standard deviations are 55.
    kept = sum(IdentifierKey("email:ann@shop.test") in each.identifiers for each in hidden)
    assert abs(kept - 280) < 55


def test_the_place_of_a_pair_is_counted_over_both_sides() -> None:
    left, right, odds = np.array([0, 0, 1]), np.array([1, 2, 2]), np.array([3.0, 1.0, 2.0])
    # Of 0: with 1 (3.0), then with 2 (1.0). Of 1: with 0, then with 2. Of 2: with 1 (2.0), then with 0.
    assert place_of(left, right, odds, 3).tolist() == [0, 1, 1]
    assert place_of(right, left, odds, 3).tolist() == [0, 1, 0]


def test_the_label_of_an_individual_is_that_of_most_of_its_records() -> None:
    assert most_of(np.array([0, 0, 0, 1, 1]), np.array([7, 7, 2, 3, 4])).tolist() == [7, 4]


def test_who_shares_rare_values_lies_near() -> None:
    others = [claim(f"crm:{n}", given=f"name{n}", family=f"house{n}") for n in range(10, 40)]
    three = [
        claim("crm:1", "phone:+15550101", given="ann", family="lee"),
        claim("crm:2", "phone:+15550101", given="ben", family="lee"),
        claim("crm:3", "phone:+15550199", given="zoe", family="kim"),
    ]
    matching = match_records(records_of([*three, *others]))
    vectors = embed(matching, np.arange(len(matching.records)), len(matching.records))
    at = {record: place for place, record in enumerate(matching.records.ids)}
    near, far = (vectors[at["crm:1"]] @ vectors[at[other]] for other in ("crm:2", "crm:3"))
    assert near > 0.99
    assert abs(far) < 0.5


def test_numpy_says_what_torch_says() -> None:
    torch.manual_seed(0)
    layers = [torch.nn.Linear(5, 4), torch.nn.Linear(4, 3), torch.nn.Linear(3, 1)]
    network = torch.nn.Sequential(layers[0], torch.nn.SiLU(), layers[1], torch.nn.SiLU(), layers[2])
    ours = LinkNetwork(
        weights=tuple(layer.weight.T.detach().numpy() for layer in layers),
        biases=tuple(layer.bias.detach().numpy() for layer in layers),
    )
    rows = torch.randn(7, 5)
    assert ours.logits(rows.numpy()) == pytest.approx(network(rows)[:, 0].detach().numpy(), abs=1e-6)


def test_what_is_learnt_tells_lost_links_from_others(claims: list[Claim], stands: Standing, scorer: LinkScorer) -> None:
    parts = standing(hide(claims, 0.2, seed=99))
    before = most_of(parts.individual, stands.individual)
    together = before[parts.found.left] == before[parts.found.right]
    assert together.sum() > 30
    probability = scorer.chances(parts.factors).probability
    order = np.argsort(-probability, kind="stable")
    # Of as many as there are lost links, the share that is one; by chance it would be that of all candidates.
    found = together[order[: together.sum()]].mean()
    assert found > 10 * together.mean()


def test_predictions_are_likely_by_all_networks_and_join_nobody_twice(stands: Standing, scorer: LinkScorer) -> None:
    found = predict_links(stands, scorer, least_probability=0.3)
    assert found
    individual = dict(zip(stands.matching.records.ids, stands.individual.tolist(), strict=True))
    pairs = {frozenset((individual[link.left], individual[link.right])) for link in found}
    assert len(pairs) == len(found)
    assert {len(pair) for pair in pairs} == {2}
    for link in found:
        assert link.left < link.right
        assert 0.3 <= link.least <= link.probability <= 1.0
        assert Comparisons.parse(link.comparisons).fields
    assert [link.probability for link in found] == sorted((link.probability for link in found), reverse=True)
    none = predict_links(stands, scorer, least_probability=1.1)
    assert none == []


def test_individuals_of_the_graph_are_taken_as_they_stand(claims: list[Claim]) -> None:
    some = claims[:300]
    stands = standing(some, {each.record_id: f"i{number // 2}" for number, each in enumerate(some[:100])})
    named = dict(zip(stands.matching.records.ids, stands.individual.tolist(), strict=True))
    assert named[some[0].record_id] == named[some[1].record_id] != named[some[2].record_id]
    assert stands.found.individuals == 50 + 200


def test_a_stored_predictor_says_the_same(stands: Standing, scorer: LinkScorer, tmp_path: Any) -> None:
    save_links(scorer, tmp_path)
    again = load_links(tmp_path)
    assert again.version == "v1"
    assert np.array_equal(again.chances(stands.factors).least, scorer.chances(stands.factors).least)
    with pytest.raises(ModelError, match="holds no model that can be read"):
        load_links(tmp_path / "none")


def test_other_fields_than_those_learnt_from_are_told(stands: Standing, scorer: LinkScorer) -> None:
    factors = replace(stands.factors, names=(*stands.factors.names[:-1], "luck"))
    with pytest.raises(ModelError, match="with luck"):
        scorer.chances(factors)


def test_too_few_links_are_told(claims: list[Claim]) -> None:
    few = claims[:50]
    with pytest.raises(InteractionsError, match="20 are needed to learn from"):
        train_links(few, standing(few), SETTINGS, version="v1", seed=0)
