"""What the folder says about metrics. Held beside an open workspace and never in its file: whether a folder is trusted
is for nobody but the user to say."""

from __future__ import annotations

from dataclasses import dataclass

CHURN_DAYS = 7.0


@dataclass(frozen=True, slots=True)
class OwnMetric:
    """A metric of the user's. `expression` is text of the folder: see `expressions` for what becomes of it."""

    name: str
    expression: str
    unit: str = ""
    group: str = "output"
    step: str = "model"
    better: str = "neither"
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class OwnMetrics:
    """churn_days  a user who stays away for so long has left
    input_price, output_price  of a million tokens; None where nobody said
    trusted        the user has said that expressions of this folder may be run
    fallback       an expression that could answer instead of the model, "" for none
    """

    metrics: tuple[OwnMetric, ...] = ()
    trusted: bool = False
    churn_days: float = CHURN_DAYS
    input_price: float | None = None
    output_price: float | None = None
    fallback: str = ""
