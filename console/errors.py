"""What went wrong, told to the person who can mend it."""

from __future__ import annotations


class ConsoleError(Exception):
    """The world's fault: said in one sentence, with the place and what to do. All other exceptions are ours."""

    def __init__(self, what: str, *, where: str = "", do: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.do = do

    def __str__(self) -> str:
        sentence = f"{self.where}: {self.what}" if self.where else self.what
        return f"{sentence}. {self.do}." if self.do else f"{sentence}."


class NoSuchFolder(ConsoleError):
    """The folder is not there, is no folder, or may not be read."""


class NoLogs(ConsoleError):
    """The folder holds nothing that could be loaded."""


class UnreadableLog(ConsoleError):
    """One file, or one place in it, that could not be read."""


class BadSettings(ConsoleError):
    """A `pilothouse.toml`, an option or an argument that says what cannot be."""


class WorkspaceBusy(ConsoleError):
    """Another process owns the workspace."""


class WorkspaceTooNew(ConsoleError):
    """The workspace was written by a later version of the program."""


class TooFewRows(ConsoleError):
    """Not enough values to say anything."""


class CannotWrite(ConsoleError):
    """A file or a database that could not be written: a full disk, a lost mount, a read-only folder."""
