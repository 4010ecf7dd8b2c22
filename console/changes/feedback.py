"""Whether what comes true still follows what the model foretold.

A mean of clicks may stand while the model has lost its sense: some are clicked more, some less. What sees it is how
clicks go along with the score, row by row; it needs the rows themselves, joined to their outcomes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from console.changes.tracks import Scale, Track
from console.changes.usual import Bools, Floats
from console.changes.view import ChangeKind
from console.jobs import Job
from console.roles import ColumnType, Role, StreamKind
from console.store.every_kth import rows_in, scores_and_outcomes
from console.window import Window

if TYPE_CHECKING:
    from console.store import StreamInfo, Workspace

MOST_JOINED = 1_000_000
"""Rows that are joined with their outcomes for this; of more it would take minutes."""

FIFTHS = 5
PLACE = (-1.0, -0.5, 0.0, 0.5, 1.0)
"""Of a row by the fifth of the scores that it is in: the mean of place times outcome is how they go along."""

CHANCE_LEVEL = 0.05
FOLLOWS = "follows"
LABELS = {"clicked": ("ctr", "CTR", Role.CLICKED), "label": ("label_mean", "Label mean", Role.LABEL)}


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """track: how the outcome goes along with the score; rates: of each fifth (lowest first) in each bucket, by counts.

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


def followed(store: Workspace, grid: Window, bucket_s: int, before: Bools, tracks: Iterable[Track],
             job: Job) -> tuple[Followed | None, str]:
    """The track, and a note where it could not be had. None without scores, or outcomes of yes and no.

    tracks  the others: where the outcome itself is not yet to be believed, neither is this
    """
    requests = [one for one in store.streams() if one.kind is StreamKind.REQUESTS and one.rows]
    outcomes = [one for one in store.streams() if one.kind is StreamKind.OUTCOMES] + requests
    name = next((name for name, (_, _, role) in LABELS.items() if any(one.column(role) for one in outcomes)), None)
    if name is None or not _has_score(requests):
        return None, ""
    key, title, role = LABELS[name]
    ripe = next((np.isfinite(track.values) for track in tracks if track.name == key and not track.segment), None)
    if ripe is None:
        return None, ""
    con = store.cursor()
    rows = sum(rows_in(con, one, grid) for one in requests)
    if rows > MOST_JOINED:
        return None, (f"Whether outcomes still follow the score was not looked at: it takes joining {rows:,} rows "
                      f"(at most {MOST_JOINED:,}).")
    job.stop_if_asked()
    times, score, truth = scores_and_outcomes(con, name, grid)
    at = (times - round(grid.start_s * 1e6)) // (bucket_s * 1_000_000)
    size = len(before)
    inside = (at >= 0) & (at < size)
    at, score, truth = at[inside], score[inside], truth[inside]
    learned = before[at] if len(at) else np.zeros(0, dtype=bool)
    if np.count_nonzero(learned) < 200 or np.any((truth != 0) & (truth != 1)):
        return None, ""
    edges = np.quantile(score[learned], np.arange(1, FIFTHS) / FIFTHS)
    if len(np.unique(edges)) < FIFTHS - 1:
        return None, ""
    fifth = np.searchsorted(edges, score, side="right")
    n, hits = np.zeros((FIFTHS, size)), np.zeros((FIFTHS, size))
    np.add.at(n, (fifth, at), 1.0)
    np.add.at(hits, (fifth, at), truth)
    place = np.array(PLACE)[:, None]
    rows_there = n.sum(axis=0)
    values = np.full(size, np.nan)
    np.divide((place * hits).sum(axis=0), rows_there, out=values, where=(rows_there > 0) & ripe)
    each = np.array(PLACE)[fifth[learned]] * truth[learned]
    sd = float(each.std())
    if not sd > 0 or float(each.mean()) < CHANCE_LEVEL * float(truth[learned].mean()):
        return None, ""         # it never followed: then it cannot cease to
    column = next((told.name for one in outcomes if (told := one.column(role))), name)
    track = Track(ChangeKind.SEGMENT, key, title, "", "output", "feedback", Scale.SPREADS, values, rows_there, sd,
                  segment="score", chart=key, column=column, least_n=100.0, what=FOLLOWS)
    return Followed(track, n, hits), ""


def strength(before: float, after: float) -> float:
    """1 where it lost half of what it had."""
    return abs(after - before) / (0.5 * before) if before > 0 else math.inf


def _has_score(requests: Iterable[StreamInfo]) -> bool:
    """Whether some stream answers with a number."""
    return any(column.type is ColumnType.NUMBER for stream in requests for role in (Role.SCORE, Role.PREDICTION)
               if (column := stream.column(role)) is not None)
