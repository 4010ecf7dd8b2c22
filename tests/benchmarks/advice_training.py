"""Which data to train again on, as `pilothouse advise` says it of made logs whose relation changed, and did not.

`python -m tests.benchmarks advice_training` tries one seed of each story, `--full` eight (a quarter of an hour of the
processor), 200,000 rows over 14 days each. Every log is told on standard error as it comes. The change is found by the
program itself, and only outcomes that had come count.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass

from console.advice.view import AdviceView
from console.jobs import SilentJob
from console.session import Session
from tests.benchmarks.advice_shock import made
from tests.benchmarks.harness import Row, is_full

ROWS = 200_000
FIRST_SEED, SEEDS = 7100, 8
"""Seeds that nothing was tuned on begin here."""
ALL, NEWER = "all", ("post", "weighted")
MOST_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Told:
    """What was said. `newer_from` outcomes since the change on, newer data was ranked surely above all data, to the
    end; None for not at the end. `all_first`: all data led the ranking at first.
    """

    view: AdviceView
    seconds: float

    @property
    def newer(self) -> list[bool]:
        """At each decision, whether newer data stands before all data."""
        decisions = () if self.view.backtest is None else self.view.backtest.decisions
        return [any(name in one.ranked[:one.ranked.index(ALL)] for name in NEWER) if one.ranked else False
                for one in decisions]

    @property
    def newer_from(self) -> int | None:
        if self.view.backtest is None or not self.newer[-1]:
            return None
        first = len(self.newer) - 1
        while first and self.newer[first - 1]:
            first -= 1
        curve = next(one for one in self.view.backtest.strategies if one.name == ALL)
        return next(point.labels for point, one in zip(curve.points[1:], self.view.backtest.decisions, strict=False)
                    if one is self.view.backtest.decisions[first]) if first < len(curve.points) - 1 \
            else self.view.backtest.labels

    @property
    def all_first(self) -> bool:
        decisions = () if self.view.backtest is None else self.view.backtest.decisions
        return bool(decisions) and decisions[0].ranked[:1] in ((), (ALL,))

    @property
    def nothing(self) -> int:
        """Decisions that say "not distinguishable"."""
        return 0 if self.view.backtest is None else sum("not distinguishable" in one.sentence
                                                        for one in self.view.backtest.decisions)


def told(scenario: str, seed: int) -> Told:
    """Folder made, loaded and asked."""
    with made(scenario, ROWS, seed) as (folder, workspace):
        session = Session.open(folder, workspace=workspace)
        try:
            session.load(SilentJob())
            began = time.process_time()
            return Told(session.advise(SilentJob()), time.process_time() - began)
        finally:
            session.close()


def run() -> list[Row]:
    """What had to be said and was not, as shares of the logs; and the time of the processor for one."""
    seeds = int(os.environ.get("PILOTHOUSE_BENCH_SEEDS", SEEDS if is_full() else 1))
    both: dict[str, list[Told]] = {"concept-drift": [], "shock": []}
    for seed in range(FIRST_SEED, FIRST_SEED + seeds):
        for scenario, found in both.items():
            found.append(told(scenario, seed))
            _say(seed, scenario, found[-1])
    drifted, shocked = both["concept-drift"], both["shock"]
    froms = [one.newer_from for one in drifted]
    known = sorted(n for n in froms if n is not None)
    chosen = [one.view.backtest.chosen if one.view.backtest else "" for one in drifted]
    return [
        Row("concept drift: newer data not above all data", sum(n is None for n in froms) / seeds, None, None,
            "of logs", 0.0, f"{seeds} logs; above it from {', '.join(f'{n:,}' for n in known)} outcomes on; "
                 f"chosen: {', '.join(chosen)}", "ours"),
        Row("concept drift: something else above all data first", sum(not one.all_first for one in drifted) / seeds,
            None, None, "of logs", None, f"{seeds} logs, at the first decision", "ours"),
        Row("shock: not told as \"not distinguishable\"", sum(
            one.view.backtest is None or "not distinguishable" not in one.view.backtest.sentence
            for one in shocked) / seeds, None, None, "of logs", 0.0,
            f"{seeds} logs; of all {sum(len(one.newer) for one in shocked)} decisions "
            f"{sum(one.nothing for one in shocked)} say it", "ours"),
        Row("advice, seconds of the processor", max(one.seconds for one in drifted + shocked), None, None, "s",
            MOST_SECONDS, f"the longest of {2 * seeds} folders of {ROWS:,} rows", "ours")]


def _say(seed: int, scenario: str, one: Told) -> None:
    print(f"{seed} {scenario:14} {one.seconds:.1f} s, {one.view.shock.cause.value} at {one.view.at}",
          file=sys.stderr, flush=True)
    for decision in () if one.view.backtest is None else one.view.backtest.decisions:
        print(f"    {decision.sentence} [{' '.join(decision.ranked)}]", file=sys.stderr, flush=True)
