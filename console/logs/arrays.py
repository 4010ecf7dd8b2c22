"""Numbers between numpy and Arrow, as they lie in memory.

Arrow's own functions for that import pandas, which takes as long as a hundred thousand rows.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def whole_numbers(values: NDArray[np.int64]) -> pa.Array:
    """As an array of Arrow."""
    return pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(np.ascontiguousarray(values, np.int64))])


def from_whole_numbers(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """The values of a column of BIGINT that has no NULL."""
    parts = [np.frombuffer(chunk.buffers()[1], np.int64, len(chunk), 8 * chunk.offset)
             for chunk in column.chunks if len(chunk)]
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def same_number(value: int, count: int) -> pa.Array:
    """An INTEGER so many times."""
    return pa.Array.from_buffers(pa.int32(), count, [None, pa.py_buffer(np.full(count, value, np.int32))])


def same_flag(value: bool, count: int) -> pa.Array:
    """A BOOLEAN so many times."""
    return pa.Array.from_buffers(pa.bool_(), count, [None, pa.py_buffer(bytes([255 * value]) * (count // 8 + 1))])
