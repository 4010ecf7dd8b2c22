"""Columns that rollups count and the log has not: made row by row from the columns that it has.

What needs two columns of one row cannot be had from sums of each. So the product is rolled up like a column of its
own, under a number that no column of a log has.
"""

from __future__ import annotations

from dataclasses import dataclass

from console.roles import ColumnType, Role, StreamKind
from console.store.casting import stored_number, stored_time
from console.store.model import ColumnInfo, StreamInfo
from console.store.names import FAILED, FAILED_NUMBER, NO_RESPONSE, quoted

CORRECT, ABS_ERROR, LOG_LOSS = "_correct", "_abs_error", "_log_loss"
"""Of an answer whose outcome stands in its own row: 1 when it was right, its distance, its surprise in nats."""

AGREES, SHADOW_GAP = "_agrees", "_shadow_gap"
"""Whether the shadow model said the same; how far apart the two numbers lie."""

SHADOWS = {"shadow_agreement": AGREES, "shadow_difference": SHADOW_GAP}
"""By the name of the metric."""

WAITED_S = "_waited_s"
"""Seconds from a request to the outcome that stands in its own row."""

NUMBERS = {FAILED: FAILED_NUMBER, CORRECT: 1_000_001, ABS_ERROR: 1_000_002, LOG_LOSS: 1_000_003, AGREES: 1_000_004,
           SHADOW_GAP: 1_000_005, WAITED_S: 1_000_006}
"""Their numbers in rollups; columns of a log count from 1 and are fewer."""

QUALITIES = {"correct": CORRECT, "abs_error": ABS_ERROR, "log_loss": LOG_LOSS}
"""Names of joined outcomes -> the derived column that says the same of outcomes in their own row."""

LEAST_CHANCE = 1e-15
"""Probabilities of 0 and 1 count as so far from them: one wrong certainty must not make the mean infinite."""

FAILED_WORDS = ("failure", "failed", "fail", "error", "err", "false", "timeout", "timed out", "exception", "aborted",
                "cancelled", "canceled", "unavailable", "internal", "deadline_exceeded", "rejected", "crashed",
                NO_RESPONSE)


@dataclass(frozen=True, slots=True)
class Derived:
    """One of them. `value` is SQL over the raw table: a DOUBLE, NULL where there is nothing to say."""

    name: str
    number: int
    value: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model answered, as SQL over its raw table; "" where there is no such thing.

    chance   the number that is compared with the truth: a probability, or the value that was foretold
    choice   the number that was decided for: the prediction where a score stands beside it
    word     the answer as text
    classes  it is a word and no number
    """

    chance: str = ""
    choice: str = ""
    word: str = ""
    classes: bool = False


@dataclass(frozen=True, slots=True)
class Truth:
    """What came true, likewise. A label where there is one, else whether it was clicked."""

    value: str = ""
    word: str = ""
    classes: bool = False


def derived(stream: StreamInfo) -> tuple[Derived, ...]:
    """All that rollups count of a stream beside its columns. Waits are not among it: they are seldom asked for, and
    then of few rows or with patience."""
    return tuple(one for one in _every(stream) if one.name != WAITED_S)


def _every(stream: StreamInfo) -> tuple[Derived, ...]:
    found = {FAILED: failed_sql(stream)}
    if stream.kind is StreamKind.REQUESTS:
        found |= {QUALITIES[name]: value for name, value in quality_sql(answer_of(stream), truth_of(stream)).items()}
        found |= _shadow(stream)
        found[WAITED_S] = waited_sql(stream)
    return tuple(Derived(name, NUMBERS[name], value) for name, value in found.items() if value is not None)


def named(stream: StreamInfo, name: str) -> Derived | None:
    """The one of that name, where the stream has it."""
    return next((one for one in _every(stream) if one.name == name), None) if name in NUMBERS else None


def failed_sql(stream: StreamInfo) -> str | None:
    """1 when the request failed, 0 when not, NULL where its status is missing. From 500 on: 4xx is the caller's."""
    column = stream.column(Role.STATUS)
    if column is None:
        return None
    name = quoted(column.stored)
    if column.kept is ColumnType.NUMBER:
        return _or_unanswered(stream, f"({name} >= 500)::INTEGER::DOUBLE")
    if column.kept is ColumnType.FLAG:
        return _or_unanswered(stream, f"(NOT {name})::INTEGER::DOUBLE")
    words = ", ".join(f"'{word}'" for word in FAILED_WORDS)
    number = f"TRY_CAST({name} AS DOUBLE)"
    return _or_unanswered(
        stream, f"CASE WHEN {number} IS NOT NULL THEN ({number} >= 500)::INTEGER::DOUBLE "
        f"WHEN {name} IS NOT NULL THEN (lower(trim({name}::VARCHAR)) IN ({words}))::INTEGER::DOUBLE END")


def _or_unanswered(stream: StreamInfo, failed: str) -> str:
    """Where the log has no status, whether the response came (see `halves`)."""
    if not stream.awaits:
        return failed
    return (f"coalesce({failed}, CASE WHEN starts_with(_filled, '!') THEN 1.0 "
            "WHEN starts_with(_filled, '+') THEN 0.0 END)")


def text_sql(column: ColumnInfo) -> str:
    """A cell of the raw table as text: a status of 200, not of 200.0."""
    name = quoted(column.stored)
    if column.kept is ColumnType.NUMBER:
        whole = f"{name} = trunc({name}) AND abs({name}) < 1e15"
        return f"CASE WHEN {whole} THEN {name}::BIGINT::VARCHAR ELSE {name}::VARCHAR END"
    return name if column.kept is ColumnType.TEXT else f"{name}::VARCHAR"


def answer_of(stream: StreamInfo) -> Answer:
    """The answer of the model in a stream of requests."""
    score, prediction = _number(stream.column(Role.SCORE)), stream.column(Role.PREDICTION)
    choice = _number(prediction)
    word = text_sql(prediction) if prediction is not None else ""
    return Answer(score or choice, choice or score, word, _is_text(prediction))


def truth_of(stream: StreamInfo) -> Truth:
    """What came true, in a stream that says it."""
    label, clicked = stream.column(Role.LABEL), stream.column(Role.CLICKED)
    if label is None:
        return Truth(stored_number(clicked.stored, clicked.kept)) if clicked is not None else Truth()
    return Truth(stored_number(label.stored, label.kept), text_sql(label), _is_text(label))


def quality_sql(answer: Answer, truth: Truth) -> dict[str, str]:
    """correct, abs_error and log_loss, as far as they can be told.

    Words are right when they are equal. Of numbers the truth is 0 or 1 and the answer a probability, which is right on
    the same side of one half; any two numbers have a distance.
    """
    if (answer.classes or truth.classes) and answer.word and truth.word:
        return {"correct": f"({answer.word} = {truth.word})::INTEGER::DOUBLE"}
    if not answer.chance or not truth.value:
        return {}
    y, p, c = f"({truth.value})", f"({answer.chance})", f"({answer.choice})"
    told = f"{y} IN (0, 1)"
    chance = f"greatest(least({p}, {1 - LEAST_CHANCE!r}), {LEAST_CHANCE!r})"
    found = {"abs_error": f"abs({p} - {y})",
             "log_loss": f"CASE WHEN {told} AND {p} BETWEEN 0 AND 1 THEN "
                         f"-ln(CASE WHEN {y} = 1 THEN {chance} ELSE 1 - {chance} END) END"}
    if answer.classes:
        return found
    right = f"(({c} >= 0.5) = ({y} = 1))::INTEGER::DOUBLE"
    return {"correct": f"CASE WHEN {told} AND {c} BETWEEN 0 AND 1 THEN {right} END", **found}


def _shadow(stream: StreamInfo) -> dict[str, str | None]:
    """Numbers have a distance, words are equal or not. A shadow that is named after a score is held against one."""
    shadow = stream.column(Role.SHADOW_PREDICTION)
    if shadow is None:
        return {}
    score, prediction = stream.column(Role.SCORE), stream.column(Role.PREDICTION)
    if said := _number(shadow):
        first, second = (score, prediction) if "score" in shadow.name.lower() else (prediction, score)
        ours = _number(first) or _number(second)
        return {SHADOW_GAP: f"abs({ours} - {said})" if ours else None}
    if prediction is None:
        return {}
    return {AGREES: f"({text_sql(prediction)} = {text_sql(shadow)})::INTEGER::DOUBLE"}


def waited_sql(stream: StreamInfo) -> str | None:
    """Seconds from the request to the outcome that stands in its own row; None where nobody says when it came."""
    column = stream.column(Role.OUTCOME_TIME)
    if column is None:
        return None
    told = stored_time(column.stored, column.kept, column.time_format, column.naive, stream.zone)
    return f"(epoch_us({told}) - epoch_us(_ts)) / 1e6"


def _is_text(column: ColumnInfo | None) -> bool:
    return column is not None and column.type is ColumnType.TEXT


def _number(column: ColumnInfo | None) -> str:
    """A column of numbers or flags; "" for any other, and for numbers that are names of classes."""
    if column is None or column.type not in (ColumnType.NUMBER, ColumnType.FLAG):
        return ""
    return stored_number(column.stored, column.kept)

