"""Every test and distance by its short name."""

from __future__ import annotations

from collections.abc import Callable

from console.drift.chi2 import chi_square
from console.drift.js import jensen_shannon
from console.drift.ks import kolmogorov_smirnov
from console.drift.proportions import proportions
from console.drift.psi import population_stability_index
from console.drift.result import TestResult
from console.drift.wasserstein import wasserstein

__all__ = ["TESTS", "TestResult"]

TESTS: dict[str, Callable[..., TestResult]] = {
    "ks": kolmogorov_smirnov,
    "chi2": chi_square,
    "proportions": proportions,
    "psi": population_stability_index,
    "js": jensen_shannon,
    "wasserstein": wasserstein,
}
"""Called with (reference, current) arrays and the test's own options. They judge any number of values, even three:
that so few say nothing is the verdict's rule, not the test's."""
