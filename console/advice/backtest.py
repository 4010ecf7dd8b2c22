"""Ways to train again, tried on the log in the order in which outcomes came, never looking ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.advice import learners
from console.advice.differences import Estimate, estimate
from console.advice.labelled import Flags, Labelled, OutcomeKind
from console.advice.view import BacktestView, CurvePoint, Decision, StrategyCurve
from console.drift.result import NAN, Floats
from console.errors import TooFewRows
from console.jobs import Job, SilentJob
from console.metrics.format import format_number, format_time
from console.window import from_epoch

SHARES = (0.03, 0.08, 0.18, 0.35, 0.55, 0.78)
"""Models are trained when so much of the outcomes since the shock had come."""
MOST_TRAINED, MOST_JUDGED, MOST_NEIGHBOURS = 20_000, 20_000, 3000
"""Rows that a model learns from, and requests that it is judged on: of more, so many by chance."""
LEAST_TRAINED, LEAST_SINCE = 60, 300
HELD_BACK = 0.2
"""Of the outcomes since the shock the latest, by which half-lives and mixtures are chosen."""
HALF_LIVES = (1 / 32, 1 / 8, 1 / 2)
"""In parts of the time from the first request to the training."""
MIXTURES = (0.0, 0.25, 0.5, 0.75)
MOST_WEIGHT = 20.0
STRETCHES = 60
WORTH = 0.01
"""Of the model's loss: a gain that is less is not worth another training, however sure it is."""
SURE_OF = 1e-6
OLD, HEURISTIC, ALL = "old", "heuristic", "all"
TITLES = {OLD: "Model as logged", HEURISTIC: "The same answer always", ALL: "All data",
          "weighted": "All data, the new weighted more", "post": "Data since the shock only",
          "importance": "All data, weighted to look like the new", "composed": "Old and new model together",
          "sources": "Data since the shock, with new columns", "boosting": "All data, gradient boosting",
          "neighbours": "All data, nearest neighbours"}
FROZEN = "A model trained when the shock came"
LOSSES = {OutcomeKind.YES_NO: "log loss", OutcomeKind.CLASSES: "share of wrong answers",
          OutcomeKind.AMOUNTS: "mean absolute error"}
SAID = ("At most {trained:,} rows are learned from and {judged:,} judged in each step, drawn by chance; where old and "
        "new data are learned from, up to half of the rows are new ones, with weights that make up for it. An outcome "
        "is used from when it had come. Surely better is what gains {worth:.0%} of the model's loss at least, beyond "
        "chance.")


@dataclass(slots=True, eq=False)
class _Run:
    """What one strategy answered: a loss and a hit for each row, NaN where it did not answer."""

    losses: Floats
    hits: Floats
    trained: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class _Data:
    """What could be known at a time."""

    rows: Labelled
    at_s: float
    shock_s: float
    old: NDArray[np.int64]
    new: NDArray[np.int64]
    rng: np.random.Generator

    def both(self) -> tuple[NDArray[np.int64], Floats]:
        """Rows from before and since, and how many each stands for: half of them since the shock, or all there are."""
        if len(self.old) + len(self.new) <= MOST_TRAINED:
            return np.sort(np.concatenate([self.old, self.new])), np.ones(len(self.old) + len(self.new))
        new = self.some(self.new, MOST_TRAINED // 2)
        old = self.some(self.old, MOST_TRAINED - len(new))
        weights = [np.full(len(part), len(whole) / max(1, len(part))) for part, whole in
                   ((old, self.old), (new, self.new))]
        return np.concatenate([old, new]), np.concatenate(weights)

    def some(self, rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
        """So many at most, by chance, in their order."""
        return rows if len(rows) <= most else np.sort(self.rng.choice(rows, most, replace=False))

    def held(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows since the shock, those whose outcomes came last apart."""
        order = self.new[np.argsort(self.rows.told_s[self.new], kind="stable")]
        cut = round(len(order) * (1 - HELD_BACK))
        return np.sort(order[:cut]), np.sort(order[cut:])


def backtest(rows: Labelled, shock_s: float, until_s: float, job: Job | None = None, *,
             relative: bool = False) -> BacktestView:
    """Each strategy trained at several times since the shock, and judged on the requests that followed.

    A decision at a time knows the outcomes that had come by then, and nothing else.
    Raises TooFewRows, JobStopped.
    """
    import sklearn.ensemble  # noqa: F401  (threads are limited of libraries that are there)
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):       # threads of its own would wait for each other, and for the window's
        return _tried(rows, shock_s, until_s, job or SilentJob(), relative)


def _tried(rows: Labelled, shock_s: float, until_s: float, job: Job, relative: bool) -> BacktestView:
    known = rows.known(until_s)
    since = np.flatnonzero(known & (rows.at_s >= shock_s))
    if len(since) < LEAST_SINCE or np.count_nonzero(rows.known(shock_s) & (rows.at_s < shock_s)) < LEAST_SINCE:
        raise TooFewRows(f"Fewer than {LEAST_SINCE} outcomes are known before or since the shock",
                         do="Wait for outcomes")
    came = np.sort(rows.told_s[since])
    times = sorted({float(came[int(share * (len(came) - 1))]) for share in SHARES})
    ends = [*times[1:], until_s]
    base, fresh = _columns(rows, shock_s)
    fresh += [name for name in rows.added if name not in rows.inputs]
    rows = replace(rows, inputs={**rows.added, **rows.inputs})
    rows = replace(rows, inputs=learners.coded(rows.inputs))
    if not base:
        raise TooFewRows("The log has no inputs that a model could be trained on", do="Give columns the role feature")
    names = [name for name in TITLES if name not in ("sources", "composed")
             or (name == "sources" and fresh) or (name == "composed" and rows.kind is not OutcomeKind.CLASSES)]
    runs = {name: _Run(np.full(len(rows), NAN), np.full(len(rows), NAN)) for name in names}
    done, total = 0, len(times) * len(names)
    for number, (at_s, end_s) in enumerate(zip(times, ends, strict=True)):
        data = _known(rows, at_s, shock_s, number)
        judged = data.some(np.flatnonzero(known & (rows.at_s > at_s) & (rows.at_s <= end_s)), MOST_JUDGED)
        frozen: Floats | None = None
        for name, run in runs.items():
            job.stop_if_asked()
            job.report(done, total, f"Training: {TITLES[name]}")
            done += 1
            if not len(judged):
                continue
            if name == OLD and not np.isfinite(rows.answer[judged]).any():
                frozen = _frozen(data, base, judged) if frozen is None else frozen
                answers, trained = frozen, 0
            else:
                answers, trained = _answers(name, data, base, fresh, judged)
            if answers is None:
                continue
            run.losses[judged], run.hits[judged] = _judged(rows, answers, judged)
            run.trained[number] = trained
    stretch = np.floor((rows.at_s - shock_s) / max(1.0, (until_s - shock_s) / STRETCHES)).astype(np.int64)
    curves = [_curve(name, runs, rows, times, ends, shock_s, stretch) for name in names]
    decisions = [_decision(runs, rows, times, number, at, stretch, relative)
                 for number, at in enumerate([*times, until_s]) if number > 0]
    last = decisions[-1]
    if not np.isfinite(rows.answer[since]).any():
        curves = [replace(one, title=FROZEN, sentence=one.sentence.replace(TITLES[OLD], FROZEN, 1))
                  if one.name == OLD else one for one in curves]
    return BacktestView(LOSSES[rows.kind], tuple(curves), tuple(decisions), last.strategy, last.sentence,
                        SAID.format(trained=MOST_TRAINED, judged=MOST_JUDGED, worth=WORTH), len(since))


def _columns(rows: Labelled, shock_s: float) -> tuple[list[str], list[str]]:
    """Inputs that there were before the shock, and those that came since."""
    before = rows.at_s < shock_s
    base, fresh = [], []
    for name, cells in rows.inputs.items():
        there = np.array([cell is not None for cell in cells.tolist()]) if cells.dtype.kind == "O" \
            else np.isfinite(cells)
        if there[before].any():
            base.append(name)
        elif there[~before].any():
            fresh.append(name)
    return base, fresh


def _known(rows: Labelled, at_s: float, shock_s: float, number: int) -> _Data:
    known = rows.known(at_s) & (rows.at_s <= at_s)
    return _Data(rows, at_s, shock_s, np.flatnonzero(known & (rows.at_s < shock_s)),
                 np.flatnonzero(known & (rows.at_s >= shock_s)), np.random.default_rng(number))


# ---- strategies --------------------------------------------------------------------------------------------


def _answers(name: str, data: _Data, base: Sequence[str], fresh: Sequence[str], judged: NDArray[np.int64]
             ) -> tuple[Floats | None, int]:
    """What a strategy answers to these rows, None where it cannot; and how many rows it learned from."""
    rows = data.rows
    if name == OLD:
        return rows.answer[judged], 0
    if name == HEURISTIC:
        y = rows.truth[data.old]
        value = float(np.median(y)) if rows.kind is OutcomeKind.AMOUNTS else float(y.mean()) \
            if rows.kind is OutcomeKind.YES_NO else float(np.argmax(np.bincount(y.astype(np.int64))))
        return np.full(len(judged), value), len(y)
    if name in ("post", "sources"):
        some = data.some(data.new, MOST_TRAINED)
        return _learned(rows, [*base, *(fresh if name == "sources" else ())], some, None, judged), len(some)
    if name == "composed":
        return _composed(data, base, judged)
    if name == "weighted":
        return _weighted(data, base, judged)
    most = MOST_NEIGHBOURS if name == "neighbours" else MOST_TRAINED
    if name in ("boosting", "neighbours"):
        some = data.some(np.sort(np.concatenate([data.old, data.new])), most)
        return _learned(rows, base, some, None, judged, name), len(some)
    some, weights = data.both()
    if name == "importance":
        weights = weights * _importance(data, base, some)
    return _learned(rows, base, some, weights, judged), len(some)


def _learned(rows: Labelled, columns: Sequence[str], some: NDArray[np.int64], weights: Floats | None,
             judged: NDArray[np.int64], architecture: str = learners.LINEAR) -> Floats | None:
    y = rows.truth[some]
    if len(some) < LEAST_TRAINED or (rows.kind is not OutcomeKind.AMOUNTS and len(np.unique(y)) < 2):
        return None
    fitted = fit(rows, columns, some, weights, architecture)
    return answers_of(rows, fitted, columns, judged)


def fit(rows: Labelled, columns: Sequence[str], some: NDArray[np.int64], weights: Floats | None = None,
        architecture: str = learners.LINEAR) -> Any:
    """A pipeline that has learned from these rows."""
    inputs = {name: rows.inputs[name] for name in columns}
    pipeline = learners.model(rows.kind, inputs, len(some), architecture)
    more = {} if weights is None else {"model__sample_weight": weights / weights.mean()}
    return pipeline.fit(learners.frame(inputs, some), rows.truth[some], **more)


def answers_of(rows: Labelled, fitted: Any, columns: Sequence[str], judged: NDArray[np.int64]) -> Floats:
    """Its probability of yes, the number of a class, or an amount."""
    table = learners.frame({name: rows.inputs[name] for name in columns}, judged)
    if rows.kind is OutcomeKind.YES_NO:
        found: Floats = np.asarray(fitted.predict_proba(table)[:, list(fitted.classes_).index(1.0)], dtype=np.float64)
        return found
    answers: Floats = np.asarray(fitted.predict(table), dtype=np.float64)
    return answers


def _frozen(data: _Data, base: Sequence[str], judged: NDArray[np.int64]) -> Floats | None:
    """Where no model is logged: what one would answer that was trained when the shock came."""
    known = data.rows.known(data.shock_s)[data.old]
    return _learned(data.rows, base, data.some(data.old[known], MOST_TRAINED), None, judged)


def _weighted(data: _Data, base: Sequence[str], judged: NDArray[np.int64]) -> tuple[Floats | None, int]:
    """The half-life is chosen by the outcomes that came last."""
    rows = data.rows
    some, weights = data.both()
    span = max(1.0, data.at_s - float(rows.at_s[0]))
    ages = (data.at_s - rows.at_s[some]) / span
    _, late = data.held()
    best = HALF_LIVES[1]
    if len(late) >= LEAST_TRAINED:
        part = ~np.isin(some, late)
        tried: dict[float, float] = {}
        for half_life in HALF_LIVES:
            answers = _learned(rows, base, some[part], (weights * 0.5 ** (ages / half_life))[part], late)
            if answers is not None:
                tried[half_life] = float(np.nanmean(_judged(rows, answers, late)[0]))
        best = min(tried, key=lambda one: tried[one]) if tried else best
    return _learned(rows, base, some, weights * 0.5 ** (ages / best), judged), len(some)


def _importance(data: _Data, base: Sequence[str], some: NDArray[np.int64]) -> Floats:
    """How much likelier inputs like these are since the shock than before; outcomes are not needed for it."""
    rows = data.rows
    new = data.some(np.flatnonzero((rows.at_s >= data.shock_s) & (rows.at_s <= data.at_s)), MOST_TRAINED // 2)
    old = data.some(data.old, MOST_TRAINED // 2)
    both = np.concatenate([old, new])
    side = replace(rows, kind=OutcomeKind.YES_NO, truth=(rows.at_s >= data.shock_s).astype(np.float64))
    chance = np.clip(answers_of(side, fit(side, base, both), base, some), SURE_OF, 1 - SURE_OF)
    odds = chance / (1 - chance) * len(old) / max(1, len(new))
    return np.where(rows.at_s[some] >= data.shock_s, 1.0, np.clip(odds, 0.0, MOST_WEIGHT))


def _composed(data: _Data, base: Sequence[str], judged: NDArray[np.int64]) -> tuple[Floats | None, int]:
    """The share of the old model is chosen by the outcomes that came last."""
    rows = data.rows
    early, late = data.held()
    if len(late) < LEAST_TRAINED or not np.isfinite(rows.answer[late]).any():
        return None, 0
    tried = _learned(rows, base, data.some(early, MOST_TRAINED), None, late)
    some = data.some(data.new, MOST_TRAINED)
    new = _learned(rows, base, some, None, judged)
    if tried is None or new is None:
        return None, 0
    losses = {share: float(np.nanmean(_judged(rows, _mixed(rows.answer[late], tried, share), late)[0]))
              for share in MIXTURES}
    share = min(losses, key=lambda one: losses[one])
    return _mixed(rows.answer[judged], new, share), len(some)


def _mixed(old: Floats, new: Floats, share: float) -> Floats:
    return np.where(np.isfinite(old), share * old + (1 - share) * new, new)


def _judged(rows: Labelled, answers: Floats, judged: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Loss and hit of each answer."""
    y = rows.truth[judged]
    if rows.kind is OutcomeKind.AMOUNTS:
        return np.abs(answers - y), np.full(len(y), NAN)
    if rows.kind is OutcomeKind.CLASSES:
        hits = np.where(np.isfinite(answers), (answers == y).astype(np.float64), NAN)
        return 1 - hits, hits
    chance = np.clip(answers, SURE_OF, 1 - SURE_OF)
    return -np.log(np.where(y >= 0.5, chance, 1 - chance)), \
        np.where(np.isfinite(answers), ((answers >= 0.5) == (y >= 0.5)).astype(np.float64), NAN)


# ---- what it comes to --------------------------------------------------------------------------------------


def _curve(name: str, runs: Mapping[str, _Run], rows: Labelled, times: Sequence[float], ends: Sequence[float],
           shock_s: float, stretch: NDArray[np.int64]) -> StrategyCurve:
    run = runs[name]
    points: list[CurvePoint] = []
    beaten: dict[str, list[tuple[int, Estimate, float]]] = {OLD: [], HEURISTIC: [], ALL: []}
    among = len(runs) - 2
    for number, (at_s, end_s) in enumerate(zip(times, ends, strict=True)):
        part = (rows.at_s > at_s) & (rows.at_s <= end_s) & np.isfinite(run.losses)
        if not part.any():
            continue
        loss = estimate(run.losses[part], stretch[part])
        old, everything = (_less(run, runs[other], part, stretch) for other in (OLD, ALL))
        labels = int(np.count_nonzero(rows.known(at_s) & (rows.at_s >= shock_s)))
        hits = run.hits[part]
        points.append(CurvePoint(from_epoch(at_s), (at_s - shock_s) / 3600, labels, run.trained.get(number, 0), loss.n,
                                 loss.mean, loss.low, loss.high, old.mean, old.low, old.high,
                                 float(np.nanmean(hits)) if np.isfinite(hits).any() else NAN,
                                 everything.mean, everything.low, everything.high))
        for other, found in beaten.items():
            found.append((labels, _less(run, runs[other], part, stretch, among),
                          _mean(runs[other].losses[part & np.isfinite(runs[other].losses)])))
    first = {other: None if other == name else _first_beaten(found) for other, found in beaten.items()}
    return StrategyCurve(name, TITLES[name], tuple(points), first[OLD], first[HEURISTIC],
                         _curve_sentence(name, points, first), first[ALL])


def _curve_sentence(name: str, points: Sequence[CurvePoint], first: Mapping[str, int | None]) -> str:
    if not points:
        return f"{TITLES[name]}: too few outcomes to train on."
    last = points[-1]
    said = f"{TITLES[name]}: {format_number(last.loss)} ({format_number(last.low)} to {format_number(last.high)})"
    beside = [(f"than {words}", first[other]) for other, words in ((OLD, "the old model"), (ALL, "all data"))
              if other != name and name not in (OLD, HEURISTIC)]
    sure = [f"{words} from {n:,} outcomes on" for words, n in beside if n is not None]
    if sure:
        return f"{said}, surely better {' and '.join(sure)}."
    return f"{said}, at no time surely better {' or '.join(words for words, _ in beside)}." if beside else f"{said}."


def _first_beaten(found: Sequence[tuple[int, Estimate, float]]) -> int | None:
    """The outcomes from which on it is surely better, and stays better."""
    first: int | None = None
    for labels, one, loss in reversed(found):
        if not one.mean < 0:
            break
        if _better(one, loss):
            first = labels
    return first


def _better(less: Estimate, loss: float) -> bool:
    """Beyond chance, and by so much of that loss that it matters."""
    return less.below and -less.mean >= WORTH * loss


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else NAN


def _less(run: _Run, other: _Run, part: Flags, stretch: NDArray[np.int64], among: int = 1) -> Estimate:
    return estimate((run.losses - other.losses)[part], stretch[part], among)


def _decision(runs: Mapping[str, _Run], rows: Labelled, times: Sequence[float], number: int, at_s: float,
              stretch: NDArray[np.int64], relative: bool) -> Decision:
    """From the last two steps, as far as outcomes had come."""
    part = (rows.at_s > times[max(0, number - 2)]) & (rows.at_s <= at_s) & rows.known(at_s)
    ways = [name for name in runs if name not in (OLD, HEURISTIC)]
    common = part & np.all([np.isfinite(runs[name].losses) for name in (ALL, OLD)], axis=0)
    scored = {name: there for name in ways
              if np.count_nonzero(there := common & np.isfinite(runs[name].losses)) >= 0.5 * max(1, common.sum())
              and common.any()}
    at, when = from_epoch(at_s), format_time(from_epoch(at_s), relative=relative)
    if not scored:
        return Decision(at, "", "", f"{when}: too few outcomes to choose.")
    gains, beside = ({name: _less(runs[name], runs[other], there, stretch, len(scored))
                      for name, there in scored.items()} for other in (OLD, ALL))
    loss = _mean(runs[OLD].losses[common])
    ranked = _ranked(beside, loss)
    helping = [name for name, gain in gains.items() if _better(gain, loss)]
    best = min((name for name in helping if _better(beside[name], loss)), key=lambda name: gains[name].mean,
               default="")
    leading = best or min(helping or gains, key=lambda name: gains[name].mean)
    said = f"{TITLES[leading].lower()}: {_beside(gains[leading])} beside the model"
    if best:
        return Decision(at, best, best, f"{when}: train again, {said}, and surely better than all data.", ranked)
    if helping:
        return Decision(at, "", leading, f"{when}: training again helps ({said}); on which data is not distinguishable "
                                         "yet, and until it is, all data is the choice.", ranked)
    return Decision(at, "", leading, f"{when}: not distinguishable yet: no way of training again is surely better than "
                                     f"the model by {WORTH:.0%} of its loss ({said}).", ranked)


def _ranked(beside: Mapping[str, Estimate], loss: float) -> tuple[str, ...]:
    """Surely better than all data, all data, not to be told from it, surely worse; within these by the loss."""
    def place(name: str) -> tuple[int, float]:
        one = beside[name]
        return (1 if name == ALL else 0 if _better(one, loss) else 3 if one.above else 2), one.mean

    return tuple(sorted(beside, key=place))


def _beside(gain: Estimate) -> str:
    digits = "+.3g" if abs(gain.mean) >= 1 else "+.4f"
    return f"{gain.mean:{digits}} ({gain.low:{digits}} to {gain.high:{digits}})"
