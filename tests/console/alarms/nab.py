"""Ten labelled series of the Numenta Anomaly Benchmark: proposed rules against a fixed rule of three sigma.

The scoring is described in `console.alarms.propose`, which this judges. The series stay where they are, beside the
checkout; who has none skips this.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from console.alarms.propose import how_often, propose
from console.metrics.catalogue import sampled_metric

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

FOLDERS = ("nab-cloudwatch", "nab-known-cause", "nab-ad-exchange")
PROBATION = 0.15
NEAR_S = 3600.0


@dataclass(frozen=True)
class Labelled:
    """One series. `windows` in seconds since 1970, both ends within."""

    name: str
    times: Floats
    values: Floats
    windows: tuple[tuple[float, float], ...]

    @property
    def learned(self) -> int:
        """How many of its numbers are learned from."""
        return int(len(self.times) * PROBATION)


@dataclass(frozen=True)
class Score:
    """By windows. `f1_near`: alarms less than an hour apart are one; `f1_points`: instants against instants."""

    found: int
    false: int
    missed: int
    f1: float
    f1_near: float
    f1_points: float


def labelled(shared: Path) -> Iterator[Labelled]:
    """The ten series; `shared` is the folder of the log folders, its truth lies beside it."""
    truth = json.loads((shared.parent / "truth.json").read_text())
    for folder in FOLDERS:
        for name, told in truth[folder]["files"].items():
            with (shared / folder / name).open(newline="") as file:
                rows = list(csv.reader(file))[1:]
            times = np.array([_seconds(row[0]) for row in rows])
            values = np.array([float(row[1]) for row in rows])
            times, first = np.unique(times, return_index=True)      # a few times stand twice: summer time
            yield Labelled(name.removesuffix(".csv"), times, values[first],
                           tuple((_seconds(a), _seconds(b)) for a, b in told["labelled_windows"]))


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def three_sigma(one: Labelled) -> Flags:
    """Fires wherever a number is more than three standard deviations from the mean of the learned stretch."""
    learned = one.values[: one.learned]
    return np.asarray(np.abs(one.values - learned.mean()) > 3 * learned.std(ddof=1), bool)


def proposed(one: Labelled) -> Flags:
    """Fires wherever one of the proposed rules does."""
    k = one.learned
    n = np.ones(len(one.times))
    every = round(float(np.median(np.diff(one.times))))
    rules = propose(one.times[:k], one.values[:k], n[:k], sampled_metric(one.name), every_s=every)
    fires = np.zeros(len(one.times), bool)
    for rule in rules:
        for start, end in how_often(one.times, one.values, n, rule).spans:
            fires |= (one.times >= start) & ((one.times < end) | (end == one.times[-1]) & (one.times == end))
    return fires


def score(one: Labelled, fires: Flags) -> Score:
    """Over what was not learned from."""
    times, fires = one.times[one.learned:], fires[one.learned:]
    spans = _spans(times, fires)
    found, false, missed = _counts(spans, one.windows)
    within = np.zeros(len(times), bool)
    for start, end in one.windows:
        within |= (times >= start) & (times <= end)
    points = _f1(int((within & fires).sum()), int((fires & ~within).sum()), int((within & ~fires).sum()))
    return Score(found, false, missed, _f1(found, false, missed), _f1(*_counts(_joined(spans), one.windows)), points)


def _spans(times: Floats, fires: Flags) -> list[tuple[float, float]]:
    change = np.diff(np.concatenate(([0], fires.astype(np.int8), [0])))
    return list(zip(times[change[:-1] == 1].tolist(), times[change[1:] == -1].tolist(), strict=True))


def _joined(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    joined: list[tuple[float, float]] = []
    for start, end in spans:
        if joined and start - joined[-1][1] < NEAR_S:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _counts(spans: list[tuple[float, float]], windows: tuple[tuple[float, float], ...]) -> tuple[int, int, int]:
    def touch(span: tuple[float, float], window: tuple[float, float]) -> bool:
        return span[0] <= window[1] and span[1] >= window[0]

    found = sum(any(touch(span, window) for span in spans) for window in windows)
    false = sum(not any(touch(span, window) for window in windows) for span in spans)
    return found, false, len(windows) - found


def _f1(found: int, false: int, missed: int) -> float:
    return 2 * found / (2 * found + false + missed) if found else 0.0


def table(shared: Path) -> list[tuple[str, Score, Score]]:
    """Each series with the score of the proposed rules and of three sigma."""
    return [(one.name, score(one, proposed(one)), score(one, three_sigma(one))) for one in labelled(shared)]


def as_text(rows: list[tuple[str, Score, Score]]) -> str:
    """For people."""
    lines = [f"{'series':40s} {'found/false/missed':>26s} {'F1':>12s} {'F1 joined':>12s} {'F1 points':>14s}"]
    for name, ours, theirs in rows:
        lines.append(
            f"{name:40s} {f'{ours.found}/{ours.false}/{ours.missed}':>10s} vs {theirs.found}/{theirs.false}/"
            f"{theirs.missed:<7d} {ours.f1:6.2f} {theirs.f1:5.2f} {ours.f1_near:6.2f} {theirs.f1_near:5.2f} "
            f"{ours.f1_points:8.3f} {theirs.f1_points:5.3f}")
    beaten = [sum(getattr(ours, key) > getattr(theirs, key) for _, ours, theirs in rows)
              for key in ("f1", "f1_near", "f1_points")]
    means = [sum(getattr(row[which], key) for row in rows) / len(rows)
             for key in ("f1", "f1_near", "f1_points") for which in (1, 2)]
    lines.append(f"better on {beaten[0]}, {beaten[1]} and {beaten[2]} of {len(rows)}; means "
                 + ", ".join(f"{a:.3f} to {b:.3f}" for a, b in zip(means[::2], means[1::2], strict=True)))
    return "\n".join(lines)
