"""Requests with answers, outcomes and inputs, as advice reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.drift.result import Floats

Flags = NDArray[np.bool_]


class OutcomeKind(StrEnum):
    """Yes or no with a score; one of several words; a number."""

    YES_NO = "yes_no"
    CLASSES = "classes"
    AMOUNTS = "amounts"


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Requests in the order of time; arrays of one length.

    at_s       seconds since 1970 of the request
    told_s     from when on its outcome counts: when it came, and not before the usual wait is over; inf where it has
               not come
    truth      0 or 1, the number of a class, or an amount; NaN where it has not come
    answer     the model's: a score, the number of a class, or an amount; NaN where it gave none
    choice     of yes-or-no answers what was decided, where the log tells it; NaN otherwise
    shadow     the answer of a model in the shadow, expression that of the user's expression, both as `choice` (or as
               `answer` where there is no choice); NaN without
    version    model versions or None
    inputs     name -> numbers (NaN missing) or texts (None missing)
    classes    names of the numbers of classes
    each       a row stands for so many requests
    added      further inputs from a file that was joined, likewise: no model had them, and only one way of training has
    """

    kind: OutcomeKind
    at_s: Floats
    told_s: Floats
    truth: Floats
    answer: Floats
    choice: Floats
    shadow: Floats
    expression: Floats
    version: NDArray[np.object_]
    inputs: Mapping[str, NDArray[Any]]
    classes: tuple[str, ...] = ()
    each: int = 1
    added: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.at_s)

    def known(self, at_s: float) -> Flags:
        """Whose outcome had come by then."""
        return np.isfinite(self.truth) & (self.told_s <= at_s)
