"""Who gets the candidate, against the published vectors of the hashes and against counting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.rollout.routing import BUCKETS, Hashing, buckets_of, fnv1a32, murmur3_32, route, to_candidate
from tests.tiers import examples

FNV = [  # from the test suite of its authors
    ("", 0x811C9DC5), ("a", 0xE40C292C), ("ab", 0x4D2505CA), ("foobar", 0xBF9CF968)]
GROWTHBOOK = [  # growthbook, packages/sdk-js/test/cases.json, "hash", version 2: seed, value, share
    ("seed", "a", 0.0505), ("seed", "b", 0.2696), ("foo", "ab", 0.2575), ("foo", "def", 0.2019),
    ("89123klj", "8952klfjas09ujkasdf", 0.124), ("90850943850283058242805", "123", 0.7516),
    ("()**(%$##$%#$#", '___)((*":&', 0.0128)]
MURMUR = [  # the usual vectors of MurmurHash3 x86 32, seed 0
    ("", 0), ("test", 0xBA6BD213), ("Hello, world!", 0xC0363E43),
    ("The quick brown fox jumps over the lazy dog", 0x2E4FF723)]
UNLEASH = [("gr1", "123", 73), ("groupX", "999", 25)]       # group, id, percent; the same in the tests of its clients

ids = st.lists(st.text(max_size=12), min_size=1, max_size=30)


@pytest.mark.parametrize(("text", "value"), FNV)
def test_that_fnv_gives_the_values_of_its_authors(text: str, value: int) -> None:
    assert fnv1a32("", [text])[0] == value
    assert fnv1a32(text[:1], [text[1:]])[0] == value


@pytest.mark.parametrize(("seed", "unit", "share"), GROWTHBOOK)
def test_that_buckets_are_those_of_growthbook(seed: str, unit: str, share: float) -> None:
    assert buckets_of(seed, ["other", unit, ""])[1] / BUCKETS == share


@pytest.mark.parametrize(("text", "value"), MURMUR)
def test_that_murmur_gives_the_usual_vectors(text: str, value: int) -> None:
    assert murmur3_32("", ["another text of another length", text, "x"])[1] == value
    assert murmur3_32(text[:3], [text[3:]])[0] == value


@pytest.mark.parametrize(("group", "unit", "percent"), UNLEASH)
def test_that_the_percent_from_which_on_a_unit_is_in_is_that_of_unleash(group: str, unit: str, percent: int) -> None:
    bucket = buckets_of(group, [unit], Hashing.UNLEASH)
    assert not to_candidate(bucket, percent - 1)[0]
    assert to_candidate(bucket, percent)[0]


@given(ids, st.text(max_size=5))
@examples(30, 1000)
def test_that_many_texts_are_hashed_as_one_by_one_whatever_they_hold(texts: list[str], salt: str) -> None:
    def slowly(text: str) -> int:
        found = 0x811C9DC5
        for letter in text:
            found = (found ^ ord(letter)) * 0x01000193 % 2**32
        return found

    assert fnv1a32(salt, texts).tolist() == [slowly(salt + text) for text in texts]
    assert buckets_of(salt, texts).tolist() == [slowly(str(slowly(salt + text))) % BUCKETS for text in texts]
    assert murmur3_32(salt, texts).tolist() == [int(murmur3_32("", [salt + text])[0]) for text in texts]


@given(ids, st.floats(0, 100), st.floats(0, 100), st.sampled_from(Hashing))
@examples(30, 1000)
def test_that_a_higher_weight_only_adds_units(units: list[str], one: float, other: float, hashing: Hashing) -> None:
    found = buckets_of("salt", units, hashing)
    low, high = to_candidate(found, min(one, other)), to_candidate(found, max(one, other))
    assert not (low & ~high).any()
    assert to_candidate(found, 100).all()
    assert not to_candidate(found, 0).any()


@pytest.mark.parametrize("weight", [1.0, 5.0, 25.0, 50.0])
@pytest.mark.parametrize("hashing", Hashing)
def test_that_the_share_of_units_is_the_weight_within_chance(weight: float, hashing: Hashing) -> None:
    n = 40_000
    share = weight / 100
    for salt in ("a", "b"):
        found = to_candidate(buckets_of(salt, np.arange(n).astype(str), hashing), weight).sum()
        assert abs(found - n * share) < 4.5 * np.sqrt(n * share * (1 - share))


def test_that_another_salt_takes_other_units_first() -> None:
    units = np.arange(40_000).astype(str)
    both = to_candidate(buckets_of("a", units), 10) & to_candidate(buckets_of("b", units), 10)
    assert 300 < both.sum() < 500        # 1 % of 40,000 if they have nothing to do with each other


def test_that_a_user_stays_and_a_request_without_one_is_routed_by_itself() -> None:
    found = route("s", ["ann", "bob"], np.array([0, 1, 0, -1, -1, 1]), ["r0", "r1", "r2", "r3", "r4", "r5"])
    assert found.buckets.tolist() == [*buckets_of("s", ["ann", "bob", "ann", "r3", "r4", "bob"])]
    assert found.sticky_share == pytest.approx(4 / 6)
    assert "33.3% of the requests name no user" in found.sentence
    assert "may meet both versions" in route("s", [], np.array([-1, -1])).sentence
