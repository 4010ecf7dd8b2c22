"""What a second look is about: those changes that a first one found, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from console.changes.tracks import Track
from console.changes.view import ChangeKind, ChangeRow
from console.metrics.catalogue import CATALOGUE, Metric


@dataclass(frozen=True, slots=True)
class Focus:
    """Charts, columns and splits that are looked at; a first look (`rows` empty) is about all there are.

    splits  names of roles and columns by whose values metrics are split
    follows  whether outcomes still go along with score and inputs
    """

    all: bool = True
    charts: frozenset[str] = frozenset()
    columns: frozenset[str] = frozenset()
    splits: frozenset[str] = frozenset()
    versions: bool = True
    follows: bool = True

    @classmethod
    def on(cls, rows: Sequence[ChangeRow]) -> Focus:
        """What these rows are about."""
        if not rows:
            return cls()
        parts = [part for row in rows for part in (row.segment, *row.only_in)]
        splits = frozenset(part.partition("=")[0] for part in parts if "=" in part)
        return cls(False, frozenset(row.chart for row in rows if row.chart),
                   frozenset(row.column for row in rows if row.kind is ChangeKind.COLUMN), splits,
                   any(row.kind is ChangeKind.VERSION for row in rows),
                   any(row.segment and "=" not in row.segment for row in rows))

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Of the catalogue."""
        return tuple(metric for metric in CATALOGUE if self.chart(metric.chart))

    def chart(self, name: str) -> bool:
        """Whether its metrics are looked at."""
        return self.all or name in self.charts

    def column(self, name: str) -> bool:
        """Whether what stands in it is looked at."""
        return self.all or name in self.columns

    def split(self, name: str) -> bool:
        """Whether metrics are looked at by its values."""
        return self.all or name in self.splits

    def on_tracks(self, tracks: Iterable[Track]) -> list[Track]:
        """Of the columns' own those that are looked at."""
        return [track for track in tracks if track.kind is not ChangeKind.COLUMN or self.column(track.column)]
