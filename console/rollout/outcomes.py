"""Where the outcomes of the two versions come from. A logged request has the outcome of one version only.

paired      a shadow answered the same request: both outcomes are in the log
randomised  both versions were live and chance chose: rows count whose logged version is the simulated one
synthetic   the candidate is the logged version spoiled: it tests the plan, never the model
confounded  versions were chosen by something else (region, tenant): no gate says anything
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


class Source(StrEnum):
    """What is shown as a badge on every chart and report."""

    PAIRED = "paired"
    RANDOMISED = "randomised"
    SYNTHETIC = "synthetic"
    CONFOUNDED = "confounded"

    @property
    def sentence(self) -> str:
        """What it means."""
        return {
            Source.PAIRED: "Paired: both versions answered the same requests. Nothing is known of how users would "
                           "have reacted to the candidate.",
            Source.RANDOMISED: "Randomised: both versions are in the log and chance chose between them; only rows "
                               "count whose logged version is the simulated one.",
            Source.SYNTHETIC: "Synthetic: the candidate is the logged version, spoiled on purpose. It tests the plan "
                              "and says nothing about any model.",
            Source.CONFOUNDED: "Confounded: it is not known that chance chose the version, so a difference may be one "
                               "between users. No gate says anything.",
        }[self]


class Split(StrEnum):
    """Which requests the candidate has in a replay of a log with two live versions."""

    PLAN = "plan"           # those the plan gives it; rows of the log that had the other version are left out
    LOGGED = "logged"       # those that it really had, whatever the plan's weight is


UNKNOWABLE = ("A replay cannot know what the candidate would have changed: later requests of the same users "
              "(feedback), how slow it is under more load, retries, caches, users who leave, and what operators would "
              "have done.")
"""Stands in every report of a replay."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What one version did with each request: shape (rows,) each, or None where the log has no such column.

    NaN is not known. Delayed ones are known at `..._at` (seconds since 1970); None: with the request.
    """

    failed: Floats | None = None
    latency_ms: Floats | None = None
    score: Floats | None = None
    empty: Floats | None = None             # 1: no prediction in the answer
    clicked: Floats | None = None
    clicked_at: Floats | None = None
    wrong: Floats | None = None
    wrong_at: Floats | None = None
    other: dict[str, Floats] = field(default_factory=dict)      # by the SQL that a gate is bound to


@dataclass(frozen=True, slots=True)
class Requests:
    """Rows of a log in the order of their arrival.

    at          seconds since 1970, sorted
    user        place in `users`; -1: none
    key         a number for each request that stays with it, for draws; None: its place in the order
    stable, candidate   outcomes of each version. Of randomised logs they are the same object: the logged ones
    arm         of randomised logs: 0 stable, 1 candidate, -1 neither; None: not known
    probability of the candidate for this row, as logged or declared; nan or None: not known
    """

    at: Floats
    user: NDArray[np.int32]
    users: NDArray[np.object_]
    stable: Outcomes
    candidate: Outcomes
    source: Source
    key: NDArray[np.uint64] | None = None
    arm: NDArray[np.int8] | None = None
    probability: Floats | None = None
    request_ids: NDArray[np.object_] | None = None

    def __post_init__(self) -> None:
        if len(self.at) > 1 and bool((np.diff(self.at) < 0).any()):
            raise ValueError("Requests must come in the order of their arrival")

    def __len__(self) -> int:
        return len(self.at)


def chosen(requests: Requests, these: NDArray[np.bool_]) -> Requests:
    """Only these rows; of randomised logs as well."""
    def some(values: Any) -> Any:
        return None if values is None else values[these]

    def of(outcomes: Outcomes) -> Outcomes:
        names = [each.name for each in fields(Outcomes) if each.name != "other"]
        return Outcomes(**{name: some(getattr(outcomes, name)) for name in names},
                        other={sql: some(values) for sql, values in outcomes.other.items()})

    stable = of(requests.stable)
    return replace(requests, at=requests.at[these], user=requests.user[these], stable=stable,
                   candidate=stable if requests.candidate is requests.stable else of(requests.candidate),
                   **{name: some(getattr(requests, name)) for name in ("key", "arm", "probability", "request_ids")})


def judged_source(arm: NDArray[np.int8], probability: Floats | None, *, declared_random: bool = False) -> tuple[Source,
                                                                                                                str]:
    """Whether a log with two versions is a fair comparison, and why.

    declared_random  somebody who knows says that chance chose, though the log does not say with which probability
    """
    if probability is not None:
        known = probability[np.isfinite(probability) & (arm >= 0)]
        if len(known) and len(known) == int((arm >= 0).sum()):
            if bool(((known > 0) & (known < 1)).all()):
                return Source.RANDOMISED, "The probability of each version is known and never 0."
            return Source.CONFOUNDED, "Some requests could have had one version only (probability 0): no overlap."
    if declared_random:
        return Source.RANDOMISED, "It is declared that chance chose; the shares are taken from the log."
    return Source.CONFOUNDED, "The log does not say that chance chose the version, and nobody declared it."


@dataclass(frozen=True, slots=True)
class Harm:
    """How a synthetic candidate is spoiled, for each request alike or for `only` some.

    errors_times    so many times as likely to fail as the log as a whole
    error_add       or so much more likely, 0 to 1
    latency_times, latency_add_ms, score_add, score_noise (standard deviation), empty_add    as they say
    clicks_times    of its clicks this share stays, at most 1
    """

    name: str = "identical"
    errors_times: float = 1.0
    error_add: float = 0.0
    latency_times: float = 1.0
    latency_add_ms: float = 0.0
    score_add: float = 0.0
    score_noise: float = 0.0
    empty_add: float = 0.0
    clicks_times: float = 1.0


HARMS = (Harm(), Harm("errors x2", errors_times=2), Harm("errors x5", errors_times=5),
         Harm("errors x20", errors_times=20), Harm("latency +20 %", latency_times=1.2),
         Harm("CTR -10 %", clicks_times=0.9))
"""What plans are tried on."""


def spoiled(requests: Requests, harm: Harm, seed: int, only: NDArray[np.bool_] | None = None) -> Requests:
    """The same requests with a synthetic candidate: one draw for each request and kind of harm, so that a request that
    is spoiled at 5 % is spoiled at 50 %, and every plan meets the same misfortunes."""
    logged = requests.stable
    here = np.True_ if only is None else only
    changed: dict[str, Floats] = {}
    if logged.failed is not None and (harm.errors_times > 1 or harm.error_add > 0):
        base = float(np.nanmean(logged.failed)) if len(logged.failed) else 0.0
        more = min(1.0, (harm.errors_times - 1) * base / (1 - base) if base < 1 else 0.0) + harm.error_add
        changed["failed"] = np.where(here & (draws(requests, seed, 1) < more) & ~np.isnan(logged.failed), 1.0,
                                     logged.failed)
    if logged.latency_ms is not None and (harm.latency_times != 1 or harm.latency_add_ms):
        changed["latency_ms"] = np.where(here, logged.latency_ms * harm.latency_times + harm.latency_add_ms,
                                         logged.latency_ms)
    if logged.score is not None and (harm.score_add or harm.score_noise):
        noise = 0.0 if not harm.score_noise else harm.score_noise * _normal(draws(requests, seed, 2))
        changed["score"] = np.where(here, logged.score + harm.score_add + noise, logged.score)
    if logged.empty is not None and harm.empty_add:
        changed["empty"] = np.where(here & (draws(requests, seed, 3) < harm.empty_add), 1.0, logged.empty)
    if logged.clicked is not None and harm.clicks_times < 1:
        gone = here & (draws(requests, seed, 4) >= harm.clicks_times)
        changed["clicked"] = np.where(gone & (logged.clicked > 0), 0.0, logged.clicked)
    candidate = replace(logged, **changed) if changed else logged  # type: ignore[arg-type]
    return replace(requests, candidate=candidate, source=Source.SYNTHETIC)


def draws(requests: Requests, seed: int, kind: int) -> Floats:
    """shape (rows,), uniform in 0 to 1: the same for the same request, seed and kind."""
    key = np.arange(len(requests), dtype=np.uint64) if requests.key is None else requests.key
    with np.errstate(over="ignore"):
        x = key ^ (np.uint64(seed * 8 + kind + 1) * np.uint64(0x9E3779B97F4A7C15))
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x ^= x >> np.uint64(31)
    return (x >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _normal(uniform: Floats) -> Floats:
    from scipy.special import ndtri

    return np.asarray(ndtri(np.clip(uniform, 1e-12, 1 - 1e-12)), np.float64)
