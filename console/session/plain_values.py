"""Frozen views as plain values, each dataclass under its name: no code stands in a workspace that somebody sends."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

import msgspec
import numpy as np

IS, ARRAY = "is", "array"


def packed(value: Any) -> bytes:
    """Small, to be kept."""
    return zlib.compress(msgspec.msgpack.encode(_plain(value)))


def unpacked(content: bytes, known: Mapping[str, type]) -> Any:
    """As it was; None for what is damaged, or what this version does not know.

    known  the classes that may be made, by their names
    """
    try:
        return _made(msgspec.msgpack.decode(zlib.decompress(content)), known)
    except (zlib.error, msgspec.DecodeError, KeyError, TypeError, ValueError):
        return None


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return {IS: ARRAY, "shape": list(value.shape), "values": np.ascontiguousarray(value, dtype="<f8").tobytes()}
    if isinstance(value, Enum):
        return {IS: type(value).__name__, "value": value.value}
    if is_dataclass(value):
        return {IS: type(value).__name__} | {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    return value.item() if isinstance(value, np.generic) else value


def _made(value: Any, known: Mapping[str, type]) -> Any:
    """Raises KeyError, TypeError, ValueError for what this version does not know."""
    if isinstance(value, list):
        return tuple(_made(part, known) for part in value)
    if not isinstance(value, dict):
        return value
    match value.get(IS):
        case None:
            return {name: _made(part, known) for name, part in value.items()}
        case "array":
            return np.frombuffer(value["values"], dtype="<f8").reshape(value["shape"]).astype(np.float64)
        case name:
            return known[name](**{key: _made(part, known) for key, part in value.items() if key != IS})
