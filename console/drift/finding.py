"""What is known of one row of the table before the verdict: the verdict needs all rows' p-values."""

from __future__ import annotations

from dataclasses import dataclass

from console.drift.result import TestResult
from console.drift.verdict import Scale, enough
from console.drift.view import Shape, ShownNumber, Verdict
from console.roles import Role


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows and values of one column on one side."""

    rows: int
    values: int

    @property
    def missing_share(self) -> float:
        """Share of the rows without a value; 1 where there is no row at all."""
        return 1 - self.values / self.rows if self.rows else 1.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One test of one column.

    moved, facts   words for the sentence: what it did if it did move (`rose`), and the numbers that show it
    worst          the most it may be called
    """

    column: str
    kind: str
    role: Role | None
    test: str
    scale: Scale
    reference: Rows
    current: Rows
    result: TestResult | None
    detectable: float
    moved: str
    facts: str
    cause: str = ""
    shape: Shape | None = None
    shown: tuple[ShownNumber, ...] = ()
    worst: Verdict = Verdict.ALARM
    chosen: tuple[tuple[str, TestResult], ...] = ()

    @property
    def sizes(self) -> tuple[int, int]:
        """What the test counts: values, or rows where it is about missing ones."""
        if self.kind == "missing":
            return self.reference.rows, self.current.rows
        return self.reference.values, self.current.values

    @property
    def tested(self) -> bool:
        """Whether it takes part in the adjustment."""
        return self.result is not None and enough(*self.sizes)
