"""What a row of a stream is: told from its path, its roles and the shape of its values."""

from __future__ import annotations

from collections.abc import Sequence

from console.logs import times
from console.logs.cells import Facts
from console.logs.features import Guess
from console.roles import ColumnType, Role, StreamKind

OUTCOME_ROLES = {Role.LABEL, Role.CLICKED, Role.CHURNED}

OUTCOME_EXTRAS = 3
"""Beside its id, its outcome and its times, an outcome has at most so many columns."""

RESOURCE_ROLES = {Role.CPU, Role.MEMORY, Role.GPU, Role.LOAD}

SERVING_ROLES = {Role.REQUEST_ID, Role.LATENCY, Role.PREDICTION, Role.SCORE, Role.STATUS, Role.USER_ID, Role.LABEL,
                 Role.CLICKED, Role.INPUT_TOKENS, Role.OUTPUT_TOKENS, Role.ARM_PROBABILITY, Role.TIME_TO_FIRST_TOKEN}
"""What only a served request has."""


def kind_of(columns: Sequence[Facts], guesses: Sequence[Guess | None], *, reference: bool,
            long_shape: bool) -> tuple[StreamKind, str]:
    """The kind and, in a sentence, why."""
    roles = {guess.role for guess in guesses if guess is not None and guess.role is not None}
    if reference:
        return StreamKind.REFERENCE, "Its path names it as data from training or validation"
    if long_shape and not roles & {Role.REQUEST_ID, Role.LATENCY}:
        return StreamKind.SAMPLES, "A time, the name of a metric and its value"
    if Role.REQUEST_ID in roles and roles & OUTCOME_ROLES:
        others = [guess for facts, guess in zip(columns, guesses, strict=True)
                  if facts.type is not ColumnType.TIME and
                  (guess is None or guess.role not in OUTCOME_ROLES | {Role.REQUEST_ID, Role.IGNORED})]
        served = roles & {Role.LATENCY, Role.PREDICTION, Role.SCORE, Role.INPUT_TOKENS}
        if len(others) <= OUTCOME_EXTRAS and not served:
            return StreamKind.OUTCOMES, "A key, an outcome and little else"
    serving = roles & SERVING_ROLES
    numbers = [facts for facts, guess in zip(columns, guesses, strict=True)
               if facts.is_number() and (guess is None or guess.role in RESOURCE_ROLES)]
    words = [facts for facts, guess in zip(columns, guesses, strict=True)
             if facts.type is ColumnType.TEXT and guess is None and facts.texts]
    if not serving and Role.TIMESTAMP in roles and numbers and len(columns) == 2:
        return StreamKind.SAMPLES, "A time and one number"
    if not serving and Role.TIMESTAMP in roles and numbers and len(words) <= 2:
        step = _step(columns, guesses)
        if roles & RESOURCE_ROLES:
            return StreamKind.SAMPLES, "Measures of a machine and no request" + (
                f", every {step:g} s" if step else "")
        if step and not words:
            return StreamKind.SAMPLES, f"Numbers at a regular step of {step:g} s and no request"
    found = ", ".join(sorted(role.value.replace("_", " ") for role in roles & SERVING_ROLES))
    return StreamKind.REQUESTS, f"A row for each request ({found})" if found else "Rows with a time, taken for requests"


def _step(columns: Sequence[Facts], guesses: Sequence[Guess | None]) -> float | None:
    for facts, guess in zip(columns, guesses, strict=True):
        if guess is not None and guess.role is Role.TIMESTAMP and facts.time_format is not None:
            seconds = [times.to_seconds(text, facts.time_format) for text in facts.texts]
            return times.steady_step([second for second in seconds if second is not None])
    return None


def outcome_by_join(columns: Sequence[Facts], keys: frozenset[str]) -> tuple[int, int] | None:
    """The places of key and outcome in a small table without known names whose ids are those of requests."""
    if not 2 <= len(columns) <= 3:
        return None
    for place, facts in enumerate(columns):
        texts = set(facts.texts)
        if len(texts) >= 20 and facts.unique_share >= 0.9 and len(texts & keys) >= 0.5 * len(texts):
            for other, candidate in enumerate(columns):
                few = candidate.distinct <= 20 and candidate.type is not ColumnType.TIME
                if other != place and candidate.texts and few:
                    return place, other
    return None
