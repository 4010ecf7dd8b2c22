"""Sentences for what is not loaded."""

from __future__ import annotations

from collections.abc import Sequence

from console.errors import NoLogs
from console.logs import times
from console.logs.cells import Facts
from console.logs.config import quoted
from console.logs.plan import FolderPlan, Refused, StreamPlan
from console.roles import RELATIVE

MOST_NAMES = 8


def no_time(plan: StreamPlan, facts: Sequence[Facts]) -> list[Refused]:
    """A refusal for each file of a stream whose rows cannot be put on the time axis."""
    reason = f"No column holds a time; it has {names([each.name for each in facts])}"
    do = "Give one of them the role timestamp in pilothouse.toml, or leave this file out"
    for each in facts:
        if not times.says_time(each.name):
            continue
        if each.is_number() and not each.numbers:
            reason, do = f"“{each.name}” holds no value in its first rows", "Copy it again, or leave it out"
        elif each.is_number():
            reason = f"“{each.name}” counts from a start that the log does not name ({each.low:g} to {each.high:g})"
            do = "Write a date, or the seconds since 1970"
        elif each.in_doubt:
            reason = f"The times in “{each.name}” may be day/month or month/day ({each.texts[0][:40]})"
            do = (f'Choose the time format under Columns, or set time_format = "day_first" or "month_first" under '
                  f"[streams.{quoted(plan.name)}.columns.{quoted(each.name)}] in pilothouse.toml")
            break
        elif each.texts and 2 * sum(times.OTHER_DATES.fullmatch(text) is not None for text in each.texts) > each.n:
            reason = f"The times in “{each.name}” are written as {each.texts[0][:40]}, which is not read"
            do = "Write them as 2026-11-23 18:45:06"
            break
    return [Refused(file.path, f"{reason}. {do}") for file in plan.files]


def other_axis(plan: StreamPlan) -> list[Refused]:
    """A refusal for each file of a stream whose times count from an unnamed start, where others have dates."""
    column = next(each for each in plan.columns if each.time_format in RELATIVE)
    reason = (f"“{column.name}” counts from a start that the log does not name, and other files here have dates. "
              "Write dates or the seconds since 1970, or open it in a folder of its own")
    return [Refused(file.path, reason) for file in plan.files]


def names(all_names: Sequence[str]) -> str:
    """Column names for a sentence: not more than a few, none longer than a line."""
    shown = [(name if len(name) <= 40 else name[:37] + "...") or "(no name)" for name in all_names[:MOST_NAMES]]
    more = len(all_names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


class NothingToLoad(NoLogs):
    """No log in a folder; `plan` says what was found instead."""

    def __init__(self, plan: FolderPlan, what: str, do: str) -> None:
        super().__init__(what, where=plan.folder, do=do)
        self.plan = plan

    @property
    def empty(self) -> bool:
        """Whether there was no file at all: one may come."""
        return not self.plan.refused and not self.plan.left_out


def no_logs(plan: FolderPlan) -> NothingToLoad:
    """The error for a folder with nothing to load: what was found, and what to do."""
    refused = plan.refused
    if not refused and plan.left_out:
        return NothingToLoad(plan, "All files of the folder are left out", "Change `leave_out` in pilothouse.toml")
    if not refused:
        return NothingToLoad(plan, "The folder is empty",
                             "Open a folder with CSV, JSON lines or Parquet files, or wait until something is written")
    first = sorted(refused, key=lambda each: not each.rejected)[0]
    more = f", and {len(refused) - 1} more" if len(refused) > 1 else ""
    reason = first.reason.rstrip(".").replace(". ", "; ")
    return NothingToLoad(plan, f"Nothing here can be loaded: {first.path} ({reason}){more}",
                         "Open a folder with CSV, JSON lines or Parquet files that have a column with times")
