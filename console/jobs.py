"""Work that reports how far it is, and can be stopped. Threads live in `widgets.bridge` only."""

from __future__ import annotations

from typing import Protocol


class JobStopped(Exception):
    """The user's wish, not an error."""


class Job(Protocol):
    """What long work talks to while it goes on."""

    def report(self, done: int, total: int, note: str) -> None:
        """Say how far the work is; `total` 0 means that it is not known."""

    def stop_if_asked(self) -> None:
        """Raise JobStopped if the user wants this work to end."""


class SilentJob:
    """A job that nobody watches and nobody stops."""

    def report(self, done: int, total: int, note: str) -> None:
        """Nobody listens."""

    def stop_if_asked(self) -> None:
        """Nobody asks."""
