"""The blast radius: whom a candidate met before it was stopped, and what that cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from console.rollout.measuring import Reading
from console.rollout.outcomes import Requests, Source
from console.rollout.routing import Buckets, threshold
from console.rollout.tally import CLICKS, ERRORS, Measure, Tally


@dataclass(frozen=True, slots=True)
class Blast:
    """Of the live requests between the start and the end of a candidate.

    requests        that the candidate answered; users: how many different ones sent them (None: the log names none)
    of_requests     all of that time
    errors          of those requests whose outcome with the candidate is known, as are `known`
    excess_errors   of them beyond what stable would have made: counted where both outcomes are known, else by the rate
                    of stable in the same slices of time
    clicks_lost     likewise; nan where the log has no clicks
    """

    requests: int
    users: int | None
    of_requests: int
    known: float
    errors: float
    excess_errors: float
    clicks_lost: float


class Blasting:
    """Counts as the replay goes on; each row is looked at once."""

    def __init__(self, requests: Requests, tally: Tally, reading: Reading, buckets: Buckets,
                 weights: Sequence[float], *, logged_split: bool) -> None:
        self._r, self._tally, self._reading, self._buckets = requests, tally, reading, buckets
        self._weights, self._logged = weights, logged_split
        self._met = np.zeros(len(requests.users) + 1, np.bool_)     # the last is for requests without a user
        self._requests = self._until = 0

    def until(self, done: int) -> Blast:
        """Of the first `done` slices."""
        for rows, chosen in self._stretches(self._until, done):
            self._requests += int(np.count_nonzero(chosen))
            self._met[self._r.user[rows][chosen]] = True
        self._until = done
        users = int(self._met[:-1].sum()) if len(self._r.users) else None
        live = np.array(self._reading.routed.live[:done], np.int64)
        during = np.flatnonzero(live)
        of_requests = int(self._tally.rows[during, -1].sum())
        known, errors, excess = self._excess(live, during, ERRORS)
        _, _, clicks = self._excess(live, during, CLICKS)
        return Blast(self._requests, users, of_requests, known, errors, excess, 0.0 - clicks)

    def rows(self, done: int) -> NDArray[np.bool_]:
        """shape (rows,): which live requests went to the candidate in the first `done` slices."""
        found = np.zeros(len(self._r), np.bool_)
        for rows, chosen in self._stretches(0, done):
            found[rows] = chosen
        return found

    def _stretches(self, since: int, done: int) -> Iterator[tuple[slice, NDArray[np.bool_]]]:
        """Rows under one weight, and which of them went to the candidate."""
        live, at = self._reading.routed.live, since
        while at < done:
            until = at + 1
            while until < done and live[until] == live[at]:
                until += 1
            if live[at]:
                rows = slice(int(self._tally.first_row[at]), int(self._tally.first_row[until]))
                if self._logged and self._r.arm is not None:
                    yield rows, self._r.arm[rows] == 1
                else:
                    yield rows, self._buckets[rows] < threshold(self._weights[live[at]])
            at = until

    def _excess(self, live: NDArray[np.int64], during: NDArray[np.int64],
                measure: Measure) -> tuple[float, float, float]:
        """Requests with a known outcome, their hits, and the hits beyond those of stable."""
        stable = self._tally.stable.get(measure)
        if stable is None or measure not in self._tally.candidate:
            return 0.0, nan, nan
        table = self._reading.table(measure, 0, len(live))[during]
        n, hits = float(table[:, 0].sum()), float(table[:, 1].sum())
        if self._r.source in (Source.PAIRED, Source.SYNTHETIC):
            return n, hits, hits - float(stable.x[during, live[during]].sum())
        n_c, _, _, n_s, x_s, _ = table.T
        overall = x_s.sum() / n_s.sum() if n_s.sum() else nan
        rates = np.divide(x_s, n_s, out=np.full(len(n_s), overall), where=n_s > 0)
        return n, hits, hits - float((n_c * rates)[n_c > 0].sum())
