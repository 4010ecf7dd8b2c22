"""Fixtures of the console's tests."""

from tests.console.folders import (  # noqa: F401
    alt_names_csv,
    bad_canary_csv,
    healthy_parquet,
    log_folder,
    null_burst_jsonl,
)
