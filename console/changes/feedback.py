"""Whether what comes true still follows what the model foretold.

A mean of clicks may stand while the model has lost its sense: some are clicked more, some less. What sees it is how
clicks go along with the score and with each number that the model reads, row by row; it needs the rows themselves,
joined to their outcomes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from console.changes.tracks import Scale, Track
from console.changes.usual import Bools, Floats
from console.changes.view import ChangeKind
from console.jobs import Job
from console.metrics.format import format_window
from console.roles import INPUT_ROLES, ColumnType, Role, StreamKind
from console.store.every_kth import inputs_and_outcomes, rows_in
from console.window import Window

if TYPE_CHECKING:
    from console.store import Workspace

MOST_JOINED = 500_000
"""Rows that are joined with their outcomes for this."""

ALL_COME = 0.999
"""Of the outcomes so many have come within the time that is waited for them."""

FIFTHS = 5
PLACE = (-1.0, -0.5, 0.0, 0.5, 1.0)
"""Of a row by the fifth of the numbers that it is in: how place and outcome vary together is how they go along."""

LOST = 0.5
"""A change of the gap between high and low matters from so much of the whole rate on."""

MOST_FOLLOWED, LEAST_LEARNED = 12, 200
FOLLOWS, SCORE = "follows", "score"
LABELS = {"clicked": ("ctr", "CTR", Role.CLICKED), "label": ("label_mean", "Label mean", Role.LABEL)}


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """track: how the outcome goes along with a number; rates: of each fifth (lowest first) in each bucket, by counts.

    n, hits  shape (FIFTHS, buckets)
    """

    track: Track
    n: Floats
    hits: Floats

    def rates(self, inside: Bools) -> tuple[float, float]:
        """Of the lowest and the highest two fifths."""
        low = self.hits[:2, inside].sum() / max(self.n[:2, inside].sum(), 1.0)
        high = self.hits[3:, inside].sum() / max(self.n[3:, inside].sum(), 1.0)
        return float(low), float(high)

    def strength(self, before: Bools, inside: Bools) -> float:
        """1 where the gap between high and low changed by LOST of the whole rate."""
        (low, high), (low_now, high_now) = self.rates(before), self.rates(inside)
        rate = float(self.hits[:, before].sum() / max(self.n[:, before].sum(), 1.0))
        return abs((high_now - low_now) - (high - low)) / (LOST * rate) if rate > 0 else 0.0


def followed(store: Workspace, grid: Window, bucket_s: int, before: Bools, pivot_s: float,
             tracks: Iterable[Track], job: Job) -> tuple[list[Followed], str]:
    """How outcomes of yes and no go along with the score and with each input that is a number; and a note where that
    could not be had.

    pivot_s   of a large log so much is read as may be, half before this time (seconds since 1970) and half after
    tracks  the others: where the outcome itself is not yet to be believed, neither is this
    """
    requests = [one for one in store.streams() if one.kind is StreamKind.REQUESTS and one.rows]
    outcomes = [one for one in store.streams() if one.kind is StreamKind.OUTCOMES] + requests
    name = next((name for name, (_, _, role) in LABELS.items() if any(one.column(role) for one in outcomes)), None)
    if name is None or not requests:
        return [], ""
    key, title, role = LABELS[name]
    ripe = next((np.isfinite(track.values) for track in tracks if track.name == key and not track.segment), None)
    if ripe is None:
        return [], ""
    stream = max(requests, key=lambda one: one.rows)
    con = store.cursor()
    window, note = grid, ""
    if (rows := rows_in(con, stream, grid)) > MOST_JOINED:
        half = grid.seconds * MOST_JOINED / rows / 2
        middle = min(max(pivot_s, grid.start_s + half), grid.end_s - half)
        window = Window.from_epoch(middle - half, middle + half)
        note = (f"Whether outcomes still follow score and inputs was looked for in "
                f"{format_window(window, relative=store.relative)} only.")
    job.stop_if_asked()
    wait_s = store.outcome_wait(ALL_COME)
    inputs = [column for column in stream.columns if column.role in INPUT_ROLES and column.rolled
              and column.type is ColumnType.NUMBER][:MOST_FOLLOWED]
    times, truth, numbers = inputs_and_outcomes(con, stream, inputs, role, window,
                                                 None if wait_s is None else 1.1 * wait_s)
    if np.any((truth != 0) & (truth != 1)):
        return [], ""
    at = (times - round(grid.start_s * 1e6)) // (bucket_s * 1_000_000)
    column = next((told.name for one in outcomes if (told := one.column(role))), name)
    track = Track(ChangeKind.SEGMENT, key, title, "", "output", "feedback", Scale.SPREADS, np.zeros(0), np.zeros(0),
                  chart=key, column=column, least_n=100.0, what=FOLLOWS)
    found = []
    for stored, values in numbers.items():
        job.stop_if_asked()
        known = np.isfinite(values) & (at >= 0) & (at < len(before))
        said = stream.named(stored).name if stored else SCORE
        one = _of_one(replace(track, segment=said), at[known], values[known], truth[known], before, ripe)
        found += [one] if one is not None else []
    return found, note


def _of_one(track: Track, at: NDArray[np.int64], values: Floats, truth: Floats, before: Bools,
            ripe: Bools) -> Followed | None:
    """None where too little is known before, or the number has too few values to tell high from low."""
    learned = before[at] if len(at) else np.zeros(0, dtype=bool)
    if np.count_nonzero(learned) < LEAST_LEARNED:
        return None
    edges = np.quantile(values[learned], np.arange(1, FIFTHS) / FIFTHS)
    if len(np.unique(edges)) < FIFTHS - 1:
        return None
    fifth = np.searchsorted(edges, values, side="right")
    cell, shape = fifth * len(before) + at, (FIFTHS, len(before))
    n, hits = (np.bincount(cell, weights=each, minlength=FIFTHS * len(before)).astype(np.float64).reshape(shape)
               for each in (None, truth))
    place, rows = np.array(PLACE)[:, None], n.sum(axis=0)
    there = (rows > 0) & ripe
    together, alone, rate = (np.divide(each.sum(axis=0), rows, out=np.zeros(len(rows)), where=there)
                             for each in (place * hits, place * n, hits))
    places = np.array(PLACE)[fifth[learned]]
    sd = float(places.std() * truth[learned].std())
    if not sd > 0:
        return None
    return Followed(replace(track, values=np.where(there, together - alone * rate, np.nan), n=rows, sd=sd), n, hits)
