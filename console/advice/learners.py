"""Models of scikit-learn over rows of inputs: a pipeline that anyone can build again, and a rule of one line.

scikit-learn is imported when the first one is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.advice.labelled import OutcomeKind
from console.drift.result import Floats
from console.metrics.format import format_number

LINEAR, BOOSTING, NEIGHBOURS = "linear", "boosting", "neighbours"
ARCHITECTURES = {LINEAR: "linear", BOOSTING: "gradient boosting", NEIGHBOURS: "nearest neighbours"}
MOST_CATEGORIES = 20
"""Values of a column of text that get a column of their own, the most frequent; the others share one."""
QUANTILES = 100
"""Numbers are put on a normal scale by so many quantiles of what is learned from: one wild value moves nothing."""
NEIGHBOURS_N = 50
MISSING = "\0missing"


def coded(inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Texts as the numbers of their order, missing ones the first: the same indicators in a tenth of the time."""
    made: dict[str, NDArray[Any]] = {}
    for name, cells in inputs.items():
        if cells.dtype.kind == "O":
            texts = [MISSING if cell is None else cell for cell in cells.tolist()]
            number = {text: place for place, text in enumerate(sorted(set(texts)))}
            made[name] = np.array([number[text] for text in texts], dtype=np.int64)
        else:
            made[name] = cells
    return made


def frame(inputs: Mapping[str, NDArray[Any]], rows: Any) -> Any:
    """Some rows of `coded` inputs as a pandas frame."""
    import pandas as pd

    return pd.DataFrame({name: cells[rows] if cells.dtype.kind == "i" else
                         np.where(np.isfinite(cells[rows]), cells[rows], np.nan) for name, cells in inputs.items()})


def model(kind: OutcomeKind, inputs: Mapping[str, NDArray[Any]], n: int, architecture: str = LINEAR) -> Any:
    """A scikit-learn pipeline, not yet fitted: medians for missing numbers with a flag for them, numbers on a normal
    scale, texts as indicators, then the model.

    inputs  as `coded`;  n: how many rows it will learn from
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
    from sklearn.pipeline import Pipeline, make_pipeline
    from sklearn.preprocessing import OneHotEncoder, QuantileTransformer

    texts = [name for name, cells in inputs.items() if cells.dtype.kind == "i"]
    numbers = [name for name in inputs if name not in texts]
    prepared = ColumnTransformer([
        ("numbers", make_pipeline(
            SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
            QuantileTransformer(n_quantiles=min(QUANTILES, max(2, n)), output_distribution="normal", subsample=None)),
         numbers),
        ("texts", OneHotEncoder(max_categories=MOST_CATEGORIES, handle_unknown="infrequent_if_exist",
                                sparse_output=False), texts)])
    amounts = kind is OutcomeKind.AMOUNTS
    if architecture == BOOSTING:
        last: Any = HistGradientBoostingRegressor(loss="absolute_error", max_iter=60, early_stopping=False,
                                                  random_state=0) if amounts \
            else HistGradientBoostingClassifier(max_iter=60, early_stopping=False, random_state=0)
    elif architecture == NEIGHBOURS:
        neighbours = max(1, min(NEIGHBOURS_N, n))
        last = KNeighborsRegressor(neighbours) if amounts else KNeighborsClassifier(neighbours)
    else:
        last = Ridge() if amounts else LogisticRegression(max_iter=300)
    return Pipeline([("prepared", prepared), ("model", last)])


@dataclass(frozen=True, slots=True)
class Rule:
    """One question: `at` or above, or equal to a text; the answers of both sides."""

    column: str
    at: float | str
    otherwise: float
    where: float

    def answers(self, inputs: Mapping[str, NDArray[Any]]) -> Floats:
        """For each row; a missing cell is not where."""
        cells = inputs[self.column]
        there = cells == self.at if isinstance(self.at, str) else cells > self.at
        return np.where(np.asarray(there, dtype=bool), self.where, self.otherwise)

    def words(self, column: str) -> str:
        """`price over 20`, `device is phone`."""
        return f"{column} is {self.at[:40]}" if isinstance(self.at, str) else f"{column} over {format_number(self.at)}"


def stump(kind: OutcomeKind, inputs: Mapping[str, NDArray[Any]], truth: Floats, weights: Floats) -> Rule | None:
    """The rule of one question that fits best, by scikit-learn's tree of depth one; None where none helps.

    weights  what each row's mistake costs
    """
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    columns, names = _indicators(inputs)
    if not names or len(truth) < 2:
        return None
    least = max(20, len(truth) // 200)
    tree = DecisionTreeRegressor(max_depth=1, min_samples_leaf=least, random_state=0) \
        if kind is OutcomeKind.AMOUNTS else \
        DecisionTreeClassifier(max_depth=1, min_samples_leaf=least, random_state=0)
    tree.fit(np.column_stack(columns), truth, sample_weight=weights)
    if tree.tree_.node_count < 3:
        return None
    column, value = names[int(tree.tree_.feature[0])]
    at = value if value is not None else float(tree.tree_.threshold[0])
    leaves = [tree.tree_.value[node, 0] for node in (tree.tree_.children_left[0], tree.tree_.children_right[0])]
    said = [float(leaf[0]) if kind is OutcomeKind.AMOUNTS else float(tree.classes_[int(np.argmax(leaf))])
            for leaf in leaves]
    return Rule(column, at, *said) if said[0] != said[1] else None


def _indicators(inputs: Mapping[str, NDArray[Any]]) -> tuple[list[Floats], list[tuple[str, str | None]]]:
    """Numbers as they are, the lowest for missing ones; each frequent text as a column."""
    columns: list[Floats] = []
    names: list[tuple[str, str | None]] = []
    for name, cells in inputs.items():
        if cells.dtype.kind != "O":
            known = cells[np.isfinite(cells)]
            if len(known):
                columns.append(np.where(np.isfinite(cells), cells, known.min()))
                names.append((name, None))
            continue
        for text in frequent(cells):
            columns.append((cells == text).astype(np.float64))
            names.append((name, text))
    return columns, names


def frequent(cells: NDArray[Any]) -> Sequence[str]:
    """The texts of a column that come most often."""
    known = [cell for cell in cells.tolist() if cell is not None]
    texts, n = np.unique(np.array(known, dtype=str), return_counts=True) if known else (np.array([]), np.array([]))
    return [str(texts[place]) for place in np.argsort(-n, kind="stable")[:MOST_CATEGORIES]]
