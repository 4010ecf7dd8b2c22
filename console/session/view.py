"""What the frame of the window shows: time bar, status bar, start page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from console.window import Window


@dataclass(frozen=True, slots=True)
class SelectionView:
    """What is chosen, shared by all places. Only intents change it."""

    visible: Window | None       # what the charts show; None before the first row
    whole: Window | None         # from the first row to the last
    live: bool                   # the visible window follows the newest row
    can_back: bool
    can_forward: bool
    quick: str                   # "15m" | "1h" | "6h" | "1d" | "all" | "" when none fits
    reference: Window | None
    current: Window | None
    column: str                  # chosen in the drift table
    waited: int                  # rows that came while live was paused
    relative: bool = False       # all times count from a start that the log does not name: never shown as dates
    against: str = ""            # what is the reference instead of a window: see `console.session.references`

    @property
    def comparable(self) -> bool:
        """Whether both sides are chosen."""
        return self.current is not None and (self.reference is not None or bool(self.against))


@dataclass(frozen=True, slots=True)
class LoadProgress:
    """How far loading is. `total_bytes` 0: not known yet."""

    running: bool
    files_done: int
    files_total: int
    bytes_done: int
    bytes_total: int
    rows: int
    rows_per_second: float
    quarantined: int
    note: str


@dataclass(frozen=True, slots=True)
class StatusView:
    """The status bar."""

    folder: str
    loading: LoadProgress | None
    live_lag_s: float | None     # seconds between the newest row and now; None when nothing grows
    rows: int
    quarantined: int
    rejected_files: int
    workspace_mb: float
    following: bool
    message: str                 # an error of the background work, said plainly; "" when all is well
    stopped: bool = False        # a load was stopped, and waits to be gone on with


@dataclass(frozen=True, slots=True)
class RecentFolder:
    """A folder opened before. `state` is a word: "ready", "missing"."""

    path: str
    name: str
    opened: datetime
    rows: int
    state: str
