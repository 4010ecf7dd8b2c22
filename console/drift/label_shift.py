"""How often each outcome is to be expected in a window without labels, from what was predicted there (BBSE)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from console.drift.classifier import Z_95
from console.errors import TooFewRows

LEAST_ROWS = 30
LEAST_SINGULAR = 0.2
"""Below it the predictions hardly depend on the outcome, and nothing can be read backwards from them."""
ASSUMPTION = "Holds only while answers to a given outcome are distributed as in the reference: P(X|Y) has not moved."


@dataclass(frozen=True, slots=True)
class LabelShift:
    """One outcome: its share in the reference, and the share to expect in the current window with a 95 % interval.

    The estimate is as the equations give it, and may lie a little outside of 0 and 1 by chance; the interval is cut.
    """

    label: str
    reference: float
    current: float
    low: float
    high: float


def label_shift(predicted_reference: ArrayLike, label_reference: ArrayLike, predicted_current: ArrayLike
                ) -> tuple[LabelShift, ...]:
    """Black-box shift estimation: the shares q of the outcomes that solve P(predicted | label) q = predicted shares.

    Rows of the reference have both, as texts; its labels are the outcomes that there are, in their order. The interval
    knows the chance in the predictions of now and in the reference's rates (the delta method).
    Raises TooFewRows with fewer than 30 rows on a side or of a label, where predictions do not tell labels apart, and
    where no mix of the outcomes gives the predictions of now: then the assumption does not hold.
    Source: Z. C. Lipton, Y.-X. Wang and A. Smola, ICML 2018; for two outcomes it is W. J. Rogan and B. Gladen,
    Am. J. Epidemiol. 107 (1978), 71-76.
    """
    predicted, truth, now = (np.asarray(side, dtype=object) for side in (predicted_reference, label_reference,
                                                                         predicted_current))
    labels = sorted(set(truth.tolist()))
    of_label = [np.flatnonzero(truth == label) for label in labels]
    if min([len(now), len(truth), *(len(rows) for rows in of_label)]) < LEAST_ROWS or len(labels) < 2:
        raise TooFewRows(f"Fewer than {LEAST_ROWS} rows of an outcome or of the current window",
                         do="Choose longer windows")
    rates = np.array([[float((predicted[rows] == name).mean()) for rows in of_label] for name in labels])
    shares = np.array([float((now == name).mean()) for name in labels])
    if float(np.linalg.svd(rates, compute_uv=False).min()) < LEAST_SINGULAR:
        raise TooFewRows("Predictions do not tell the outcomes apart, so nothing follows from their shares",
                         do="Wait for labels")
    back = np.linalg.inv(rates)
    found = back @ shares
    spread = _chance(shares, len(now))
    for k, rows in enumerate(of_label):
        spread = spread + found[k] ** 2 * _chance(rates[:, k], len(rows))
    error = np.sqrt(np.maximum(0.0, np.diag(back @ spread @ back.T)))
    if np.any(found - Z_95 * error > 1) or np.any(found + Z_95 * error < 0):
        raise TooFewRows("No mix of the reference's outcomes gives the predictions of now", do="Wait for labels")
    return tuple(LabelShift(str(label), len(rows) / len(truth), float(share), max(0.0, float(share - Z_95 * one)),
                            min(1.0, float(share + Z_95 * one)))
                 for label, rows, share, one in zip(labels, of_label, found, error, strict=True))


def _chance(shares: np.ndarray, n: int) -> np.ndarray:
    """Covariances of the shares that n rows show."""
    return (np.diag(shares) - np.outer(shares, shares)) / n
