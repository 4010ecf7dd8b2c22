"""Every test and distance by its short name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from console.drift import chi2, cramers_v, fisher, g, tvd
from console.drift.anderson_darling import anderson_darling
from console.drift.chi2 import chi_square
from console.drift.counts import CountTable
from console.drift.cramer_von_mises import cramer_von_mises
from console.drift.cramers_v import cramers_v_distance
from console.drift.energy import energy
from console.drift.fisher import fisher_exact
from console.drift.g import g_test
from console.drift.hellinger import hellinger, hellinger_of_counts
from console.drift.js import jensen_shannon, js_limit, js_of_counts
from console.drift.ks import kolmogorov_smirnov
from console.drift.ks_asymptotic import asymptotic_kolmogorov_smirnov
from console.drift.ks_exact import exact_kolmogorov_smirnov
from console.drift.mann_whitney import mann_whitney
from console.drift.proportions import proportions, two_proportions
from console.drift.psi import population_stability_index, psi_limit, psi_of_counts
from console.drift.result import NAN, TestResult
from console.drift.tvd import total_variation_distance
from console.drift.unseen import unseen, unseen_values
from console.drift.wasserstein import wasserstein
from console.drift.welch import welch

__all__ = ["OF_COUNTS", "OF_NUMBERS", "TESTS", "TestResult"]

TESTS: dict[str, Callable[..., TestResult]] = {
    "ks": kolmogorov_smirnov,
    "ks_exact": exact_kolmogorov_smirnov,
    "ks_asymptotic": asymptotic_kolmogorov_smirnov,
    "anderson": anderson_darling,
    "cvm": cramer_von_mises,
    "mannwhitney": mann_whitney,
    "welch": welch,
    "wasserstein": wasserstein,
    "energy": energy,
    "chi2": chi_square,
    "g": g_test,
    "fisher": fisher_exact,
    "tvd": total_variation_distance,
    "cramers_v": cramers_v_distance,
    "unseen": unseen,
    "proportions": proportions,
    "psi": population_stability_index,
    "js": jensen_shannon,
    "hellinger": hellinger,
}
"""Called with (reference, current) arrays and the test's own options. They judge any number of values, even three:
that so few say nothing is the verdict's rule, not the test's."""

OF_NUMBERS = ("ks", "ks_exact", "ks_asymptotic", "anderson", "cvm", "mannwhitney", "welch", "wasserstein", "energy",
              "psi", "js", "hellinger")
"""Those that mean something for a column of numbers."""


def _psi(table: CountTable) -> TestResult:
    n, m, k = table.n_reference, table.n_current, len(table.labels)
    index = psi_of_counts(table.reference, table.current)
    return TestResult(index, NAN, index, "PSI", n, m, limit=psi_limit(n, m, k), method="distance")


def _js(table: CountTable) -> TestResult:
    n, m, k = table.n_reference, table.n_current, len(table.labels)
    distance = js_of_counts(table.reference, table.current)
    return TestResult(distance, NAN, distance, "JS distance", n, m, limit=js_limit(n, m, k), method="distance")


def _proportions(table: CountTable) -> TestResult:
    if len(table.labels) > 2:
        raise ValueError(f"A proportion has two categories, here are {len(table.labels)}")
    last = table.labels.index(max(table.labels))
    return two_proportions(int(table.reference[last]), table.n_reference, int(table.current[last]), table.n_current)


OF_COUNTS: Mapping[str, Callable[[CountTable], TestResult]] = {
    "chi2": chi2.of_counts,
    "g": g.of_counts,
    "fisher": fisher.of_counts,
    "tvd": tvd.of_counts,
    "cramers_v": cramers_v.of_counts,
    "unseen": unseen_values,
    "proportions": _proportions,
    "psi": _psi,
    "js": _js,
    "hellinger": lambda table: hellinger_of_counts(table.reference, table.current),
}
"""Those for categories, from a table that is counted already. `fisher` and `proportions` take two categories (of them
the last by name counts as the hit), and raise ValueError for more."""
