"""What the ordinary run tries a few times and `-m long` many times.

The ordinary run proves each thing once, in minutes; it is run for every change. The long one tries the same with many
more examples, seeds, folders and kills.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hypothesis
import pytest

THOROUGH = False
"""Whether the tests marked `long` are asked for; set before tests are read."""


def examples(few: int, many: int, **more: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Settings of a property whose examples are dear (each opens databases): a few in the ordinary run, and many as
    one of the `long` tests.
    """
    def with_settings(test: Callable[..., None]) -> Callable[..., None]:
        tried = hypothesis.settings(max_examples=many if THOROUGH else few, deadline=None, **more)(test)
        return pytest.mark.long(tried) if THOROUGH else tried

    return with_settings


def once(*values: Any, first: int = 1) -> list[Any]:
    """Parameters that prove the same: the first of them in the ordinary run, the others among the `long` tests."""
    return [*values[:first], *(pytest.param(*(value if isinstance(value, tuple) else (value,)), marks=pytest.mark.long)
                               for value in values[first:])]
