"""`environment.entities`: names traded one for one in every text, and back by the same trade."""

from __future__ import annotations

import time
from typing import Any

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from perturb.loading import load_toolset
from perturb.operator import NotApplicable, SeededPick, Setup, StateLens
from perturb.operators.environment.entities import Entities
from perturb.operators.environment.name_pool import pool
from perturb.operators.environment.retelling import retold
from perturb.operators.environment.swaps import Swap
from perturb.toolset import Toolset
from perturb.types import to_json

PAIRS = {"Emma": "Erica", "Johnson": "Jensen", "Lee": "Larsen", "bob": "ruben", "IBM": "Quanta"}
SWAP = Swap(PAIRS)
PIECES = ["Emma", "EMMA", "emma", "Erica", "erica", "Johnson", "jensen", "bob", "Bob", "ruben", "IBM", "ibm", "QUANTA",
          "quanta", "'s", ".", "_", "@", "-", " ", "1", "x", "é", "\n", ""]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)


@examples(2000)
@given(TEXTS, TEXTS)
def test_twice_is_never_and_different_texts_stay_different(one: str, other: str) -> None:
    assert SWAP.text(SWAP.text(one)) == one
    assert (one == other) == (SWAP.text(one) == SWAP.text(other))


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("Emma's mail", "Erica's mail"),
        ("emma.johnson@x.com", "erica.jensen@x.com"),
        ("emma_johnson2", "erica_jensen2"),
        ("EMMA JOHNSON", "ERICA JENSEN"),
        ("emma", "erica"),
        ("in the lee of the wind", "in the lee of the wind"),
        ("Emmanuel, Leeds", "Emmanuel, Leeds"),
        ("ask bob. now", "ask ruben. now"),
        ("IBM and Erica", "QUANTA and Emma"),
    ],
)
def test_where_a_word_is_met(text: str, after: str) -> None:
    assert SWAP.text(text) == after


def test_keys_and_values_of_data() -> None:
    assert retold({"Emma": [{"to": "emma.lee@x.com", "n": 1}]}, SWAP.text) == {"Erica": [{"to": "erica.larsen@x.com", "n": 1}]}


def plan(toolset: Toolset, seed: int = 1, intensity: float = 1.0) -> Entities:
    made = Entities.plan(Setup.of(toolset), SeededPick(seed, Entities.id), intensity)
    assert isinstance(made, Entities)
    return made


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("spec", ["airline", "agentdojo:workspace"])
def test_new_names_are_one_to_one_and_nowhere_in_the_toolset(spec: str, seed: int) -> None:
    if spec.startswith("agentdojo"):
        pytest.importorskip("agentdojo")
    toolset = load_toolset(spec)
    setup = Setup.of(toolset)
    names = plan(toolset, seed).names
    words: dict[str, str] = {}
    for place, new in names.items():
        old = place.split(":", 1)[1]
        assert len(old.split()) == len(new.split())
        for one, other in zip(old.split(), new.split(), strict=True):
            assert words.setdefault(one, other) == other, "a word has one replacement everywhere"
            assert other.lower() not in setup.words
    assert len(set(words.values())) == len(words)
    whole = {place.split(":", 1)[1] for place in names}
    assert len(whole) == len({name for names in toolset.entities.values() for name in names})


@pytest.mark.parametrize("spec", ["airline", "agentdojo:workspace"])
def test_a_whole_state_is_quick_to_trade_holds_no_old_name_and_comes_back(spec: str) -> None:
    if spec.startswith("agentdojo"):
        pytest.importorskip("agentdojo")
    toolset = load_toolset(spec)
    lens = plan(toolset).lens(Setup.of(toolset))
    assert isinstance(lens, StateLens)
    environment: Any = toolset.environment(toolset.tasks[0])
    try:
        state = environment.dump()
    finally:
        environment.close()
    begun = time.perf_counter()
    shown = lens.load_state(state)
    assert time.perf_counter() - begun < 1.0
    text = to_json(shown).decode()
    assert not [one.name for one in lens.retired if f" {one.name} " in text or f'"{one.name}"' in text]
    assert to_json(lens.read_state(shown)) == to_json(state)
    assert to_json(shown) != to_json(state)


def test_the_order_of_the_alphabet_is_kept() -> None:
    pytest.importorskip("agentdojo")
    toolset = load_toolset("agentdojo:workspace")
    for intensity in (0.3, 0.6, 1.0):
        names = plan(toolset, 3, intensity).names
        new = {place.split(":", 1)[1]: name for place, name in names.items()}
        first = {old.split()[0]: name.split()[0] for old, name in new.items()}
        every = sorted({name.split()[0] for names in toolset.entities.values() for name in names})
        assert sorted(first.get(word, word) for word in every) == [first.get(word, word) for word in every]


def test_names_to_choose_from_are_no_common_words() -> None:
    from faker.providers.lorem.en_US import Provider

    common = {word.lower() for word in Provider.word_list}
    for role in ("given", "family"):
        assert len(pool(role)) > 200
        assert not common & {name.lower() for name in pool(role)}


def test_where_nothing_is_declared_it_does_not_apply() -> None:
    class Bare(Toolset):
        name = "bare"

    class Sealed(Toolset):
        name = "sealed"
        entities = {"person": ("Emma Johnson",)}  # noqa: RUF012
        dumps_state = False

    for toolset in (Bare(), Sealed()):
        made = Entities.plan(Setup.of(toolset), SeededPick(1), 1.0)
        assert isinstance(made, NotApplicable)
        assert made.reason == "not_declared"
