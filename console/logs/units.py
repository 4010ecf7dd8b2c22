"""Units, from the name where it says one, else from the size of the values."""

from __future__ import annotations

from console.logs.cells import Facts
from console.logs.names import words
from console.roles import Role

DURATIONS = {"ms": "ms", "msec": "ms", "millis": "ms", "milliseconds": "ms", "s": "s", "sec": "s", "secs": "s",
             "seconds": "s", "us": "us", "usec": "us", "micros": "us", "microseconds": "us", "ns": "ns", "nanos": "ns",
             "nanoseconds": "ns", "nano": "ns", "min": "min", "mins": "min", "minutes": "min"}

SIZES = {"mb": "MB", "mib": "MB", "megabytes": "MB", "gb": "GB", "gib": "GB", "gigabytes": "GB", "kb": "KB",
         "kib": "KB", "kilobytes": "KB", "bytes": "B", "byte": "B", "b": "B"}

PERCENT = {"pct", "percent", "percentage", "util", "utilization", "utilisation", "usage"}

IN_SECONDS = {("request", "time"), ("response", "time"), ("upstream", "response", "time")}
"""nginx and LiteLLM write these in seconds."""

DURATION_ROLES = (Role.LATENCY, Role.TIME_TO_FIRST_TOKEN)


def of(role: Role, facts: Facts) -> tuple[str, str]:
    """The unit of a column in this role, and where it was read from; ("", "") where the role has no unit."""
    said = words(facts.name)
    if role in DURATION_ROLES:
        return _duration(facts, said)
    if role is Role.CPU or (role is Role.GPU and not set(said) & set(SIZES)):
        return _percent(facts, said)
    if role in (Role.MEMORY, Role.GPU):
        return _memory(facts, said)
    if role in (Role.INPUT_TOKENS, Role.OUTPUT_TOKENS):
        return "tokens", ""
    if role is Role.AUDIO_VOLUME:
        return "dBFS", ""
    return "", ""


def _duration(facts: Facts, said: tuple[str, ...]) -> tuple[str, str]:
    for word in reversed(said):
        if word in DURATIONS:
            return DURATIONS[word], f"in {DURATIONS[word]} by its name"
    middle = facts.middle
    if said in IN_SECONDS and middle < 100:
        return "s", "in s as servers write it"
    if not facts.whole and middle < 5:
        return "s", f"in s by its size (median {middle:.3g})"
    if facts.whole and middle >= 1e7:
        return "ns", f"in ns by its size (median {middle:.3g})"
    if facts.whole and middle >= 2e4:
        return "us", f"in us by its size (median {middle:.3g})"
    return "ms", f"in ms by its size (median {middle:.3g})"


def _percent(facts: Facts, said: tuple[str, ...]) -> tuple[str, str]:
    if {"pct", "percent", "percentage"} & set(said):
        return "%", "in % by its name"
    if facts.high <= 1.0:
        return "share", "a share of 1 by its size"
    return "%", "in % by its size"


def _memory(facts: Facts, said: tuple[str, ...]) -> tuple[str, str]:
    for word in reversed(said):
        if word in SIZES:
            return SIZES[word], f"in {SIZES[word]} by its name"
    if PERCENT & set(said) and facts.high <= 100:
        return ("share", "a share of 1 by its size") if facts.high <= 1 else ("%", "in % by its name")
    if facts.middle >= 1e7:
        return "B", f"in bytes by its size (median {facts.middle:.3g})"
    if facts.high <= 1.0:
        return "share", "a share of 1 by its size"
    return "MB", f"in MB by its size (median {facts.middle:.3g})"
