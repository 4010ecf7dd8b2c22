"""Which streams log the same requests: a proxy and its replica, an access log and the application behind it.

Told from ids in the samples, and only where it is sure: two models that see the same requests (a shadow) log the same
ids too, and numbers that count up are the same in any two logs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from console.logs.config import FolderSettings
from console.logs.streams import Draft
from console.logs.times import to_seconds
from console.roles import Role, StreamKind, TimeFormat

SAME_IDS = 0.5
"""Streams log the same requests when so large a part of the smaller sample's ids is in the other's, at least..."""

FEWEST_IDS = 3

APART_S, COUNTED_APART_S = 86_400.0, 60.0
"""...and the times of an id are no farther apart than this; for ids that are just numbers counted up, than that."""

LONGEST_COUNT = 9
"""Digits up to which an id may be a number that somebody counted."""

AGREE = 0.9
"""Answers under one id that are the same so often are one answer, logged twice."""

MS = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3, "min": 6e4}


def settle_halves(drafts: Sequence[Draft], settings: FolderSettings) -> None:
    """Fill `half_of` where a stream completes another: as the user said, else where both hold the same ids.

    What a form says of itself stays.
    """
    names = {each.name for each in drafts}
    open_ones = []
    for each in drafts:
        said = settings.streams[each.name].half_of if each.name in settings.streams else None
        if said is not None:
            own = each.half_of if each.half_of == each.name else ""     # its own halves are of its form, not of a name
            each.half_of, each.half_chosen = (said if said != each.name else own), True
            if said and said not in names:
                each.notes.append(f"{each.name} should complete {said}, but there is no such stream")
        elif each.kind is StreamKind.REQUESTS and each.place(Role.REQUEST_ID) is not None:
            open_ones.append(each)
    ids = {each.name: frozenset(each.texts(Role.REQUEST_ID)) for each in open_ones}
    ranked = sorted(open_ones, key=_rank)
    for place, half in enumerate(ranked):
        if half.half_of:
            continue
        found = [(len(ids[main.name] & ids[half.name]), main) for main in ranked[:place]
                 if not half.group.dialect or not main.group.dialect or half.group.dialect != main.group.dialect]
        found = [(common, main) for common, main in found if _same(main, half, common, ids)]
        if found:
            main = max(found, key=lambda pair: pair[0])[1]
            half.half_of = main.name
            half.why += f"; the same request ids as {main.name}: one event for both"


def _rank(each: Draft) -> tuple[int, float, float, str]:
    """The outermost stream first: what knows latency and status, then what took longest, then what began first."""
    known = (each.place(Role.LATENCY) is not None) + (each.place(Role.STATUS) is not None)
    place = each.place(Role.LATENCY)
    took = 0.0
    if place is not None and each.facts[place].numbers:
        guess = each.guesses[place]
        took = each.facts[place].middle * MS.get(guess.unit if guess else "", 1.0)
    seen = [at for at in _cells(each, Role.TIMESTAMP).values() if at is not None]
    return -known, -took, min(seen, default=0.0), each.name


def _same(main: Draft, half: Draft, common: int, ids: Mapping[str, frozenset[str]]) -> bool:
    """Whether both log the same requests."""
    fewest = min(len(ids[main.name]), len(ids[half.name]))
    if common < FEWEST_IDS or common < SAME_IDS * fewest:
        return False
    counted = all(each.isdigit() and len(each) <= LONGEST_COUNT for each in ids[half.name])
    first, second = _cells(main, Role.TIMESTAMP), _cells(half, Role.TIMESTAMP)
    apart = [abs(at - other) for name, at in first.items()
             if at is not None and (other := second.get(name)) is not None]
    if (apart and median(apart) > (COUNTED_APART_S if counted else APART_S)) or (counted and not apart):
        return False
    return _one_model(main, half)


def _one_model(main: Draft, half: Draft) -> bool:
    """Whether no two models answered: their versions are not different ones, nor their answers."""
    for role in (Role.MODEL_VERSION, Role.MODEL):
        one, other = main.texts(role), half.texts(role)
        if one and other and not one & other:
            return False
    for role in (Role.PREDICTION, Role.SCORE):
        if main.texts(role) and half.texts(role):
            one_said, other_said = _texts(main, role), _texts(half, role)
            both = [one_said[name] == other_said[name] for name in one_said.keys() & other_said.keys()]
            return bool(both) and sum(both) >= AGREE * len(both)
    return True


def _texts(each: Draft, role: Role) -> dict[str, str]:
    """The cell of that role by request id, where the sample has a cell of both in each row."""
    ids, other = each.place(Role.REQUEST_ID), each.place(role)
    if ids is None or other is None:
        return {}
    keys, cells = each.facts[ids], each.facts[other]
    if len(keys.texts) != keys.n or len(cells.texts) != cells.n:
        return {}
    return dict(zip(keys.texts, cells.texts, strict=False))


def _cells(each: Draft, role: Role) -> dict[str, float | None]:
    """A time in seconds by request id, as above; None where it is written in a way that is not compared."""
    place = each.place(role)
    form = each.facts[place].time_format if place is not None else None
    return {name: to_seconds(text, form or TimeFormat.ISO) for name, text in _texts(each, role).items()}
