"""What the answers of a log are, and which numbers tell how good they are."""

from __future__ import annotations

from enum import StrEnum


class Task(StrEnum):
    """What the answers of the log are, by what its outcomes say."""

    NONE = "none"               # nothing to hold an answer against
    CLASSES = "classes"         # words
    CHANCE = "chance"           # a probability, and outcomes of 0 and 1
    VALUE = "value"             # any number


TASKS = {"accuracy": (Task.CLASSES, Task.CHANCE), "log_loss": (Task.CHANCE,), "brier": (Task.CHANCE,),
         "mae": (Task.VALUE,), "rmse": (Task.VALUE,)}
"""Which numbers say how good answers are of which kind."""
