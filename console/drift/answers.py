"""What was answered and what came true, row by row: which question a log's outcomes answer, and where it was wrong."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.drift.result import Floats
from console.errors import TooFewRows

Texts = NDArray[np.object_]
USUAL_THRESHOLD = 0.5
LEAST_SIDE = 0.02
"""Where 0.5 leaves fewer of the reference's scores on a side it is no threshold, as with clicks in the few percent."""
LARGE_ERROR = 0.9
"""Of numbers an error is large above this quantile of the reference's: the stream of errors needs yes or no."""
FEW_CLASSES = 20


class Task(StrEnum):
    """What outcomes are held against."""

    SCORES = "scores"       # yes or no against a number that orders
    NUMBERS = "numbers"     # a number against a number
    CLASSES = "classes"     # a word against a word
    CHOICES = "choices"     # yes or no (a click) against what was shown


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Requests with their answers and outcomes; arrays of one length, in the order of time.

    at_s     when it was asked, seconds since 1970; nan for data without times
    told_s   when its outcome came; nan where none came, or nobody said when
    score, choice   the number answered, and the number decided for; nan where there is none
    word     the answer as text, or None; truth, true_word   the outcome, likewise
    """

    at_s: Floats
    told_s: Floats
    score: Floats
    choice: Floats
    word: Texts
    truth: Floats
    true_word: Texts

    def __len__(self) -> int:
        return len(self.at_s)

    def some(self, rows: NDArray[Any]) -> Answers:
        """Only these rows: a mask or places."""
        return Answers(self.at_s[rows], self.told_s[rows], self.score[rows], self.choice[rows], self.word[rows],
                       self.truth[rows], self.true_word[rows])

    @property
    def known(self) -> NDArray[np.bool_]:
        """Rows whose outcome has come."""
        told: NDArray[np.bool_] = np.array([word is not None for word in self.true_word], dtype=bool)
        told |= ~np.isnan(self.truth)
        return told


@dataclass(frozen=True, slots=True, eq=False)
class Marked:
    """Rows with the same meaning on both sides.

    place   where the answer stands: the score, the number foretold, or the number of the class
    truth   1 or 0; of NUMBERS the number; of CLASSES the number of the class; nan without an outcome
    wrong   1 or 0, of NUMBERS whether the error is a large one; of CHOICES, where nothing is wrong,
            whether it was taken
    loss    what a bucket shows the mean of: `wrong`, of NUMBERS the absolute error
    """

    at_s: Floats
    told_s: Floats
    place: Floats
    truth: Floats
    wrong: Floats
    loss: Floats

    def some(self, rows: NDArray[Any]) -> Marked:
        """Only these rows."""
        return Marked(self.at_s[rows], self.told_s[rows], self.place[rows], self.truth[rows], self.wrong[rows],
                      self.loss[rows])

    @property
    def known(self) -> NDArray[np.bool_]:
        """Rows with both answer and outcome."""
        return ~np.isnan(self.loss)


@dataclass(frozen=True, slots=True)
class Marking:
    """How rows are marked, fixed by the reference.

    threshold   SCORES: positive from here on
    large       NUMBERS: an error above it is a large one
    classes     CLASSES, CHOICES: their names by number
    """

    task: Task
    threshold: float = USUAL_THRESHOLD
    large: float = 0.0
    classes: tuple[str, ...] = ()

    def mark(self, rows: Answers) -> Marked:
        """The rows of any side."""
        nothing = np.full(len(rows), np.nan)
        match self.task:
            case Task.SCORES:
                both = ~(np.isnan(rows.score) | np.isnan(rows.truth))
                wrong = np.where(both, ((rows.score >= self.threshold) != (rows.truth == 1)).astype(float), nothing)
                return Marked(rows.at_s, rows.told_s, rows.score, rows.truth, wrong, wrong)
            case Task.NUMBERS:
                error = np.abs(rows.truth - rows.score)
                wrong = np.where(np.isnan(error), nothing, (error > self.large).astype(float))
                return Marked(rows.at_s, rows.told_s, rows.score, rows.truth, wrong, error)
            case Task.CLASSES:
                said, true = self._numbers(rows.word), self._numbers(rows.true_word)
                both = ~(np.isnan(said) | np.isnan(true))
                wrong = np.where(both, (rows.word != rows.true_word).astype(float), nothing)
                return Marked(rows.at_s, rows.told_s, said, true, wrong, wrong)
            case Task.CHOICES:
                said = self._numbers(rows.word)
                taken = np.where(np.isnan(said), nothing, rows.truth)
                return Marked(rows.at_s, rows.told_s, said, rows.truth, taken, taken)

    def _numbers(self, words: Texts) -> Floats:
        """What is not among the classes shares one number behind them."""
        number = {name: float(k) for k, name in enumerate(self.classes)}
        rest = float(len(self.classes))
        return np.array([np.nan if word is None else number.get(word, rest) for word in words], dtype=np.float64)


def marking(reference: Answers, current: Answers) -> Marking:
    """The question that the outcomes answer, and what is fixed by the reference. Raises TooFewRows without outcomes."""
    task = task_of(reference, current)
    match task:
        case Task.SCORES:
            return Marking(task, _threshold(reference))
        case Task.NUMBERS:
            error = np.abs(reference.truth - reference.score)
            error = error[~np.isnan(error)]
            if not len(error):
                raise TooFewRows("The reference has no row with both answer and outcome", do="Choose another reference")
            return Marking(task, large=float(np.quantile(error, LARGE_ERROR)))
        case _:
            frequent: dict[str, int] = {}
            sides = (reference.word, reference.true_word) if task is Task.CLASSES else (reference.word,)
            for side in sides:
                names, counts = np.unique(side[side != None].astype(str), return_counts=True)  # noqa: E711
                for name, count in zip(names.tolist(), counts.tolist(), strict=True):
                    frequent[name] = frequent.get(name, 0) + count
            chosen = sorted(frequent, key=lambda name: (-frequent[name], name))[:FEW_CLASSES]
            return Marking(task, classes=tuple(sorted(chosen)))


def task_of(*sides: Answers) -> Task:
    """By what stands in the rows of all sides. Raises TooFewRows where no outcome is known."""
    truth, score = (np.concatenate([getattr(side, name) for side in sides]) for name in ("truth", "score"))
    truth = truth[~np.isnan(truth)]
    if not len(truth):
        if any(word is not None for side in sides for word in side.true_word):
            return Task.CLASSES
        raise TooFewRows("No outcome is known for any request of the two windows",
                         do="Wait for labels or clicks, or choose windows that have some")
    number = score[~np.isnan(score)]
    yes_or_no = bool(np.isin(truth, (0, 1)).all())
    whole = bool(len(number)) and bool(np.all(number == np.floor(number)))
    words = any(side.word[place] is not None for side in sides for place in range(min(len(side), 1000)))
    true_words = any(side.true_word[place] is not None for side in sides for place in range(min(len(side), 1000)))
    if not len(number):
        return Task.CLASSES if words and true_words and not yes_or_no else Task.CHOICES
    if yes_or_no:
        return Task.CHOICES if whole and len(np.unique(number)) > 2 and words else Task.SCORES
    few = whole and bool(np.all(truth == np.floor(truth))) and words and true_words and \
        len(np.union1d(number, truth)) <= FEW_CLASSES
    return Task.CLASSES if few else Task.NUMBERS


def _threshold(reference: Answers) -> float:
    """Where what was decided turns from 0 to 1, where that is told; else 0.5; where scores hardly reach it, the score
    from which on as many rows lie as came true."""
    both = ~(np.isnan(reference.score) | np.isnan(reference.choice))
    score, choice = reference.score[both], reference.choice[both]
    if len(choice) and np.isin(choice, (0, 1)).all() and 0 < choice.sum() < len(choice):
        below, above = float(score[choice == 0].max()), float(score[choice == 1].min())
        if below < above:
            return above
    score = reference.score[~np.isnan(reference.score)]
    if not len(score):
        return USUAL_THRESHOLD
    positive = float((score >= USUAL_THRESHOLD).mean())
    known = reference.truth[~np.isnan(reference.truth)]
    if LEAST_SIDE <= positive <= 1 - LEAST_SIDE or not len(known):
        return USUAL_THRESHOLD
    return float(np.quantile(score, 1 - float(known.mean()), method="higher"))
