"""Traffic for the demo: what users ask, what the model answers, how the servers feel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.demo.chapters import Chapters, Floats

DEVICES = np.array(["phone", "desktop", "tablet"])
COUNTRIES = np.array(["US", "IN", "DE", "GB", "FR", "BR", "JP"])
CATEGORIES = np.array(["apparel", "electronics", "home", "grocery", "travel", "toys"])
HOSTS = np.array(["serve-0", "serve-1", "serve-2"])
VERSIONS = np.array(["ctr-v1", "ctr-v2"])
DEVICE_SHARES = np.array([0.58, 0.34, 0.08])
DEVICE_DRIFT = np.array([0.25, -0.22, -0.03])
COUNTRY_SHARES = np.array([0.42, 0.14, 0.12, 0.11, 0.09, 0.08, 0.04])
CATEGORY_SHARES = np.array([0.26, 0.22, 0.18, 0.16, 0.10, 0.08])
CATEGORY_APPEAL = np.array([0.15, 0.0, -0.1, 0.1, -0.25, 0.2])
DEVICE_APPEAL = np.array([0.25, -0.2, 0.0])
PRICE_DRIFT_LOG = 0.6           # of the log mean, at full drift
SEQ_LEN_DRIFT = 1.8             # factor, at full drift
CANARY_LATENCY = 1.9            # factor
CANARY_ERRORS = 0.04            # added share
CANARY_NULLS = 0.03             # added share
CANARY_CTR = 0.6                # factor
BURST_NULL_RESPONSES = 0.18     # added share
BURST_MISSING = 0.35            # added share of `age` and `user_ctr_7d`
NEVER_LABELLED = 0.02
LEFT, LEFT_BY_CANARY = 0.004, 0.012     # share of the users who leave for good after a request
BASE_LOGIT = -2.0              # about one click in eight: enough clicks for a canary's loss to be seen


@dataclass(frozen=True, slots=True)
class Block:
    """Some requests. `at_s` seconds since 1970, ascending; columns are as long as it; None in objects means missing."""

    at_s: Floats
    columns: dict[str, NDArray[Any]]
    clicked: NDArray[np.bool_]
    labelled: NDArray[np.bool_]         # False: the outcome never comes
    churned: NDArray[np.bool_]


def requests(rng: np.random.Generator, at_s: Floats, first: int, chapters: Chapters, *, seed: int,
             reference: bool = False) -> Block:
    """Requests at those times. `first` is the number of the first one, from which the ids are made.

    With `reference` nothing of the story happens: a healthy sample, all of it answered by the old version.
    """
    n = len(at_s)
    drifted = np.zeros(n) if reference else chapters.drifted(at_s)
    nulls_on = np.zeros(n, bool) if reference else chapters.nulls_on(at_s)
    share = np.zeros(n) if reference else chapters.canary_share(at_s)
    user = (6000 * rng.random(n) ** 2.2).astype(np.int64)
    bucket = (_mixed(user.astype(np.uint64) + np.uint64(seed)) % np.uint64(10_000)).astype(float) / 1e4
    canary = bucket < share             # sticky by user

    age = np.clip(rng.normal(38, 11, n), 16, 90)
    price_log = rng.normal(3.2, 0.7, n) + PRICE_DRIFT_LOG * drifted
    since = rng.exponential(6.0, n)
    depth = 1 + rng.poisson(4.0, n)
    user_ctr = rng.beta(2, 48, n)
    seq_len = np.clip(np.exp(rng.normal(2.2, 0.55, n) + math.log(SEQ_LEN_DRIFT) * drifted), 1, 256).astype(np.int64)
    device = _pick(rng, DEVICE_SHARES + drifted[:, None] * DEVICE_DRIFT)
    country = _pick(rng, np.broadcast_to(COUNTRY_SHARES, (n, len(COUNTRIES))))
    category = _pick(rng, np.broadcast_to(CATEGORY_SHARES, (n, len(CATEGORIES))))

    logit = (BASE_LOGIT - 0.30 * (price_log - 3.2) + 0.06 * (depth - 5) + 9 * (user_ctr - 0.04) + 0.008 * (age - 38)
             + DEVICE_APPEAL[device] + CATEGORY_APPEAL[category] - 0.01 * (since - 6))
    prediction = _sigmoid(logit + np.where(canary, rng.normal(-0.2, 0.8, n), 0.0))
    click_chance = _sigmoid(logit + rng.normal(0, 0.15, n)) * np.where(canary, CANARY_CTR, 1.0)

    host = rng.integers(0, len(HOSTS), n)
    cpu = cpu_percent(at_s, host, chapters)
    latency = (13 + 0.22 * seq_len) * (1 + 0.9 * (cpu / 100) ** 3) * rng.lognormal(0, 0.32, n)
    latency = np.where(rng.random(n) < 0.006, latency * rng.uniform(3, 9, n), latency)
    latency = latency * np.where(canary, CANARY_LATENCY, 1.0) * (1.0 if reference else chapters.slow(at_s))
    luck = rng.random(n)
    status = np.select([luck < 0.0006, luck < 0.0009, luck < 0.0010], [500, 503, 504], 200)
    status = np.where(canary & (rng.random(n) < CANARY_ERRORS), 500, status)
    latency = np.where(status == 504, np.maximum(latency, 1000 + 50 * rng.random(n)), latency)
    null = (rng.random(n) < 0.003) | (status != 200) | (canary & (rng.random(n) < CANARY_NULLS)) \
        | (nulls_on & (rng.random(n) < BURST_NULL_RESPONSES))
    missing_age = (rng.random(n) < 0.03) | (nulls_on & (rng.random(n) < BURST_MISSING))
    missing_ctr = (rng.random(n) < 0.01) | (nulls_on & (rng.random(n) < BURST_MISSING))

    columns: dict[str, NDArray[Any]] = {
        "request_id": _ids(_mixed(np.uint64(seed * 1_000_003 + first) + np.arange(n, dtype=np.uint64))),
        "user_id": np.char.add("u", np.char.zfill(user.astype(str), 5)),
        "model_version": VERSIONS[canary.astype(int)], "host": HOSTS[host], "status_code": status,
        "latency_ms": latency.round(3), "prediction": np.where(null, np.nan, prediction.round(6)),
        "age": np.where(missing_age, np.nan, age.round(1)), "price": np.exp(price_log).round(2),
        "days_since_last": since.round(3), "session_depth": depth,
        "user_ctr_7d": np.where(missing_ctr, np.nan, user_ctr.round(5)),
        "device": DEVICES[device], "country": COUNTRIES[country], "category": CATEGORIES[category],
        "seq_len": seq_len, **_beside(logit, first, seed)}
    clicked = (rng.random(n) < click_chance) & ~null        # nothing shown, nothing clicked
    labelled = rng.random(n) >= NEVER_LABELLED
    left = np.random.default_rng([seed, 6, first]).random(n) < np.where(canary, LEFT_BY_CANARY, LEFT)
    return Block(at_s, columns, clicked, labelled, left)


def _beside(logit: Floats, first: int, seed: int) -> dict[str, NDArray[Any]]:
    """The photo and the spoken query of a request, and what a model that is only tried in the shadow would have said.
    Their own source of chance: the rest of the story is the same with them and without."""
    rng = np.random.default_rng([seed, 5, first])
    n = len(logit)
    return {"image_brightness": np.clip(rng.normal(0.56, 0.14, n), 0, 1).round(4),
            "audio_volume_dbfs": np.minimum(rng.normal(-23, 5, n), 0).round(2),
            "shadow_prediction": _sigmoid(logit + rng.normal(0.04, 0.3, n)).round(6)}


def system(at_s: Floats, chapters: Chapters) -> dict[str, NDArray[Any]]:
    """CPU, memory, load and GPU of every host at every time, host by host within a time."""
    times = np.repeat(at_s, len(HOSTS))
    host = np.tile(np.arange(len(HOSTS)), len(at_s))
    cpu = cpu_percent(times, host, chapters)
    return {"at_s": times, "host": HOSTS[host], "cpu_pct": cpu.round(1),
            "mem_mb": _memory_mb(times, host, chapters).round(1), "load1": (cpu / 100 * 8).round(2),
            "gpu_pct": np.clip(1.15 * cpu + 4 * np.sin(times / 29 + host), 0, 100).round(1)}


def cpu_percent(at_s: Floats, host: NDArray[np.int64], chapters: Chapters) -> Floats:
    """A function of time alone, so that the requests and the samples of one instant tell the same."""
    busy = np.minimum(chapters.traffic(at_s) / 2.4, 1.5)
    ripple = np.sin(at_s / 37 + 2.1 * host) + np.sin(at_s / 211 + 1.3 * host) + 0.7 * np.sin(at_s / 13.7 + host)
    slow = 14 * (chapters.slow(at_s) - 1)
    cpu = 14 + 38 * busy * (1 + 0.06 * (host - 1)) + 2.2 * ripple + 18 * chapters.canary_share(at_s) + slow
    return np.asarray(np.clip(cpu, 1, 100))


def _memory_mb(at_s: Floats, host: NDArray[np.int64], chapters: Chapters) -> Floats:
    """Grows slowly and falls at a restart every day and a half; the new version leaks until it is rolled back."""
    period_s = 1.5 * 86_400
    saw = ((at_s + host * period_s / 3) % period_s) / period_s
    into = np.clip((at_s - chapters.canary.start_s) / chapters.canary.seconds, 0, 1)
    leak = np.where(chapters.canary_share(at_s) > 0, 1400 * into**2, 0.0)
    return np.asarray(2300 + 420 * saw + leak + 9 * np.sin(at_s / 53 + host))


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-x)))


def _pick(rng: np.random.Generator, shares: Floats) -> NDArray[np.int64]:
    """One choice a row; shares: shape (rows, choices)."""
    edges = np.cumsum(shares, axis=1)
    return np.asarray((rng.random(len(shares))[:, None] * edges[:, -1:] > edges).sum(axis=1))


def _mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """splitmix64: a bijection, so that ids made of different numbers differ."""
    with np.errstate(over="ignore"):
        z = x + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(z ^ (z >> np.uint64(31)))


def _ids(numbers: NDArray[np.uint64]) -> NDArray[np.str_]:
    """Sixteen hexadecimal digits each."""
    digits = np.frombuffer(numbers.astype(">u8").tobytes().hex().encode(), "S16")
    return digits.astype("U16")
