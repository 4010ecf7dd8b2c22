"""All columns at once: can a classifier tell the rows of one window from those of the other?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from console.drift.result import Floats
from console.errors import TooFewRows

MOST_ROWS = 20_000
"""On both sides together; more rows than that are thinned evenly."""
FOLDS = 5
LEAST_ROWS = 30
MOST_LABELS = 20
"""A column of texts gets one indicator for each of its most frequent values."""
SHRINKING = 1.0
"""The ridge, in rows: as many rows of evidence against each coefficient."""
STEPS = 25
Z_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Contribution:
    """How much a column helps to tell the windows apart: the AUC lost when its values are shuffled among the rows."""

    column: str
    auc_lost: float


@dataclass(frozen=True, slots=True)
class DomainResult:
    """The separation of two windows.

    auc            chance that a current row scores above a reference row: 0.5 is no difference; every row is scored by
                   a classifier that has not seen it
    low, high      95 % interval (J. A. Hanley and B. J. McNeil, Radiology 143 (1982), 29-36)
    p_value        one-sided, by Mann and Whitney's rank sum over the scores
    columns        by contribution, the largest first
    """

    auc: float
    low: float
    high: float
    p_value: float
    n_reference: int
    n_current: int
    columns: tuple[Contribution, ...]


def domain_classifier(reference: Mapping[str, ArrayLike], current: Mapping[str, ArrayLike], *,
                      seed: int = 0) -> DomainResult:
    """Logistic regression on ranks and their products, cross-fitted in five folds, over the columns of both sides.

    reference, current   column name -> values of the rows, all of one length within a side; floats with NaN for a
                         missing value (then its absence is a column of the fit), or objects, str or None
    Numbers count by their rank among all rows, so no single wild value matters; squares and products of ranks are in
    the fit, so a change of spread or of a correlation is seen as well. Which rows are taken, folds and shuffles depend
    on `seed` only.
    Raises TooFewRows with fewer than 30 rows on a side, ValueError where no column is on both sides.
    Source: D. Lopez-Paz and M. Oquab, Revisiting classifier two-sample tests, ICLR 2017.
    """
    names = sorted(reference.keys() & current.keys())
    if not names:
        raise ValueError("No column is on both sides")
    n, m = (len(np.asarray(side[names[0]])) for side in (reference, current))
    if min(n, m) < LEAST_ROWS:
        raise TooFewRows(f"One side has fewer than {LEAST_ROWS} rows", do="Choose a longer window")
    generator = np.random.default_rng(seed)
    kept_n, kept_m = _thinned(n, m)
    a, b = (np.sort(generator.choice(size, kept, replace=False)) for size, kept in ((n, kept_n), (m, kept_m)))
    blocks: list[tuple[str, Floats]] = []
    for name in names:
        values = np.concatenate([np.asarray(reference[name])[a], np.asarray(current[name])[b]])
        block = columns_of(values)
        if block.shape[1]:
            blocks.append((name, block))
    y = np.concatenate([np.zeros(kept_n), np.ones(kept_m)])
    if not blocks:
        return DomainResult(0.5, 0.5, 0.5, 1.0, kept_n, kept_m, tuple(Contribution(name, 0.0) for name in names))
    fold = np.empty(len(y), dtype=np.int64)
    for side in (y == 0, y == 1):
        fold[side] = generator.permutation(int(side.sum())) % FOLDS
    plain = np.column_stack([block for _, block in blocks])
    models = [_fitted(_expanded(plain[fold != k]), y[fold != k]) for k in range(FOLDS)]
    scores = _scored(models, plain, fold)
    auc, p_value = rank_sum(scores, y)
    low, high = auc_interval(auc, kept_n, kept_m)
    lost = _contributions(blocks, models, fold, y, plain, auc, generator)
    silent = [Contribution(name, 0.0) for name in names if name not in {column.column for column in lost}]
    return DomainResult(auc, low, high, p_value, kept_n, kept_m, (*lost, *silent))


def columns_of(values: NDArray[np.generic]) -> Floats:
    """One column of the log as columns of the fit, each about in -1 to 1; none where it never varies."""
    if values.dtype.kind not in "biuf":
        return _indicators(values)
    from scipy.stats import rankdata

    numbers = values.astype(np.float64)
    missing = np.isnan(numbers)
    found = []
    if not missing.all():
        known = numbers[~missing]
        if known.min() < known.max():
            ranks = np.zeros(len(numbers))
            ranks[~missing] = (rankdata(known) - 0.5) / len(known) * 2 - 1
            found.append(ranks)
    if missing.any() and not missing.all():
        found.append(np.where(missing, 1.0, 0.0) - missing.mean())
    return np.column_stack(found) if found else np.empty((len(numbers), 0))


def _indicators(values: NDArray[np.generic]) -> Floats:
    import pandas as pd

    codes, labels = pd.factorize(values.astype(object), use_na_sentinel=True)
    counts = np.bincount(codes + 1, minlength=len(labels) + 1)                 # pandas calls missing -1
    frequent = [code for code in np.argsort(-counts, kind="stable")[:MOST_LABELS] if counts[code] >= FOLDS]
    if len(np.flatnonzero(counts)) < 2 or not frequent:
        return np.empty((len(values), 0))
    return np.column_stack([np.where(codes + 1 == code, 1.0, 0.0) - counts[code] / len(values) for code in frequent])


def auc_interval(auc: float, n: int, m: int) -> tuple[float, float]:
    """95 % interval of an AUC of n and m rows, within 0 and 1."""
    one, other = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    square = auc * (1 - auc) + (m - 1) * (one - auc * auc) + (n - 1) * (other - auc * auc)
    spread = math.sqrt(max(0.0, square) / (n * m))
    return max(0.0, auc - Z_95 * spread), min(1.0, auc + Z_95 * spread)


def rank_sum(scores: Floats, y: Floats) -> tuple[float, float]:
    """AUC, ties counted half, and the one-sided p of the normal law with the correction for ties."""
    from scipy.stats import rankdata

    ranks = rankdata(scores)
    total, m = len(y), int(y.sum())
    n = total - m
    above = float(ranks[y == 1].sum()) - m * (m + 1) / 2
    _, ties = np.unique(scores, return_counts=True)
    spread = n * m / 12 * (total + 1 - float((ties.astype(np.float64) ** 3 - ties).sum()) / (total * (total - 1)))
    if spread <= 0:
        return 0.5, 1.0
    return above / (n * m), math.erfc((above - n * m / 2 - 0.5) / math.sqrt(2 * spread)) / 2


def _thinned(n: int, m: int) -> tuple[int, int]:
    """How many rows of each side are taken: half each, and what one side leaves goes to the other."""
    half = MOST_ROWS // 2
    if n + m <= MOST_ROWS:
        return n, m
    return (n, MOST_ROWS - n) if n < half else (MOST_ROWS - m, m) if m < half else (half, half)


MOST_PRODUCTS = 60
"""Columns of the fit beyond which products are left out: a table of 60 has 1,830 of them."""
PRODUCTS_OF = 12


def _expanded(x: Floats) -> Floats:
    """A constant, the columns, their squares (less their mean for a rank), and products while there are few columns."""
    k = x.shape[1]
    parts = [np.ones((len(x), 1)), x]
    if k <= MOST_PRODUCTS:
        parts.append(x * x - 1 / 3)
    if k <= PRODUCTS_OF:
        one, other = np.triu_indices(k, 1)
        parts.append(x[:, one] * x[:, other])
    return np.concatenate(parts, axis=1)


def _fitted(x: Floats, y: Floats) -> Floats:
    """Coefficients of a ridge logistic regression, both sides of equal weight, by Newton's steps."""
    weight = np.where(y == 1, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
    ridge = np.full(x.shape[1], SHRINKING)
    ridge[0] = 1e-6
    found = np.zeros(x.shape[1])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(x @ found, -30, 30)))
        slope = x.T @ (weight * (y - chance)) - ridge * found
        curvature = (x * (weight * np.maximum(chance * (1 - chance), 1e-6))[:, None]).T @ x + np.diag(ridge)
        step = np.linalg.solve(curvature, slope)
        step *= min(1.0, 5 / max(float(np.abs(step).max()), 1e-300))
        found = found + step
        if float(np.abs(step).max()) < 1e-4:
            break
    return found


def _scored(models: list[Floats], plain: Floats, fold: NDArray[np.int64]) -> Floats:
    """Each row by the classifier that has not seen it."""
    scores = np.empty(len(plain))
    for k, model in enumerate(models):
        scores[fold == k] = _expanded(plain[fold == k]) @ model
    return scores


def _contributions(blocks: list[tuple[str, Floats]], models: list[Floats], fold: NDArray[np.int64], y: Floats,
                   plain: Floats, auc: float, generator: np.random.Generator) -> tuple[Contribution, ...]:
    """By the AUC that goes when a column is shuffled among all rows: what depends on it alone or with another."""
    found = []
    place = 0
    for name, block in blocks:
        shuffled = plain.copy()
        shuffled[:, place: place + block.shape[1]] = block[generator.permutation(len(block))]
        place += block.shape[1]
        found.append(Contribution(name, auc - rank_sum(_scored(models, shuffled, fold), y)[0]))
    return tuple(sorted(found, key=lambda column: (-column.auc_lost, column.column)))

