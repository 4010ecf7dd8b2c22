"""A workspace as it is asked by those who judge: buckets that begin anywhere, and only what had come by a moment.

It answers what `console.metrics` asks for, and nothing more. Percentiles are the middles of logarithmic bins wherever
they come from: which way was quicker must not change what is judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from console.jobs import Job
from console.roles import Role
from console.store import outcomes, reading
from console.store.arrivals import NEVER, come_by_sql
from console.store.grid import Grid
from console.store.model import Floats, Moments, PercentileSeries, StreamInfo
from console.store.ranks import Ranked, value_of_bin
from console.store.rollups import BIN_ZERO, LN_GAMMA
from console.store.scans import Scan
from console.store.splits import Split
from console.window import Window

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from console.store.resident import Resident


class Seen:
    """Made by Workspace.seen; stands in for the workspace where a `Reading` is made."""

    def __init__(self, workspace: Any, streams: dict[int, StreamInfo], con: DuckDBPyConnection, resident: Resident,
                 phase_s: float, come_by_us: int) -> None:
        """phase_s: the windows asked for lie so much before the rows that are meant; come_by_us: see `arrivals`."""
        self._workspace, self._con, self._resident = workspace, con, resident
        self._phase_s, self._raw = phase_s, come_by_us != NEVER
        self._streams = streams
        self._some = {number: _some(stream, come_by_us) if self._raw else stream for number, stream in streams.items()}

    def __getattr__(self, name: str) -> Any:
        """All else is the workspace's."""
        return getattr(self._workspace, name)

    def moments(self, stream_id: int, stored: Sequence[str], window: Window, bucket_s: float, *,
                by: Role | Split | None = None, job: Job | None = None) -> list[Moments]:
        """See Workspace.moments."""
        return reading.moments(self._con, self._some[stream_id], stored, self._meant(window), bucket_s, by,
                               self._resident, phase_s=self._phase_s, raw=self._raw, job=job)

    def outcome_moments(self, window: Window, bucket_s: float, *, by: Role | Split | None = None) -> list[Moments]:
        """See Workspace.outcome_moments."""
        return outcomes.moments(self._con, self._streams, self._meant(window), bucket_s, by, self._resident,
                                phase_s=self._phase_s, some=self._some if self._raw else None)

    def percentiles(self, stream_id: int, stored: str, window: Window, bucket_s: float, qs: Sequence[float], *,
                    by: Role | Split | None = None, job: Job | None = None) -> list[PercentileSeries]:
        """See Workspace.percentiles."""
        stream = self._some[stream_id]
        scale = Ranked.of(stream, stored).scale
        found = reading.percentiles(self._con, stream, stored, self._meant(window), bucket_s, qs, by, self._resident,
                                    phase_s=self._phase_s, raw=self._raw, exact_rows=0, job=job)
        return [replace(part, values={q: middles(values / scale) * scale for q, values in part.values.items()})
                for part in found]

    def outcome_waits(self, window: Window, bucket_s: float, qs: Sequence[float]) -> PercentileSeries:
        """See Workspace.outcome_waits; of all outcomes that are known."""
        return outcomes.waits(self._con, self._meant(window), bucket_s, qs, phase_s=self._phase_s)

    def scan(self, stream_id: int, window: Window, bucket_s: float, job: Job | None = None) -> Scan:
        """See Workspace.scan."""
        return Scan(self._con, self._some[stream_id], Grid.over(self._meant(window), bucket_s, self._phase_s),
                    None if self._raw else self._resident, job)

    def _meant(self, window: Window) -> Window:
        by = timedelta(seconds=self._phase_s)
        return window.shifted(by) if by else window


def middles(values: Floats) -> Floats:
    """The value that stands for the logarithmic bin of each; of such a value itself."""
    with np.errstate(divide="ignore", invalid="ignore"):
        bins = np.sign(values) * (BIN_ZERO + np.ceil(np.log(np.abs(values)) / LN_GAMMA))
    known = np.isfinite(values)
    return np.where(known, value_of_bin(np.where(known & (values != 0), bins, 0.0)), values)


def _some(stream: StreamInfo, come_by_us: int) -> StreamInfo:
    return replace(stream, table=f"(SELECT * FROM {stream.table} WHERE {come_by_sql(stream, come_by_us)})")


