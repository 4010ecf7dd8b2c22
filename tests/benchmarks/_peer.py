"""One drift report by another tool, run in an environment of that tool's own: prints seconds. Run by `drift`.

The frames are in memory before the clock starts. Each with its own defaults, numbers out and no page drawn.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def evidently(reference: Any, current: Any) -> Callable[[], object]:
    """DataDriftPreset as it comes."""
    from evidently import Report
    from evidently.presets import DataDriftPreset

    return lambda: Report([DataDriftPreset()]).run(current, reference).dict()


def nannyml(reference: Any, current: Any) -> Callable[[], object]:
    """The univariate calculator as it comes: Jensen-Shannon, ten chunks."""
    import nannyml as nml

    texts = [name for name in reference.columns if name.startswith("t")]
    calculator = nml.UnivariateDriftCalculator(column_names=list(reference.columns), treat_as_categorical=texts)
    return lambda: calculator.fit(reference).calculate(current).to_df()


def main() -> None:
    """argv: the tool, the folder with the two frames."""
    import pandas as pd

    frames = [pd.read_parquet(Path(sys.argv[2]) / f"{side}.parquet") for side in ("reference", "current")]
    work = {"evidently": evidently, "nannyml": nannyml}[sys.argv[1]](*frames)
    started = time.perf_counter()
    work()
    print(f"seconds {time.perf_counter() - started:.6f}")


if __name__ == "__main__":
    main()
