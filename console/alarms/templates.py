"""The few templates that sentences of alarms know: `$value`, `$labels.host`, and Prometheus' `{{ $value | humanize }}`.

What is not understood becomes text that says so, and never stops an alarm. Labels are data: they are put in as they
are, and not looked at for templates again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

PLAIN = re.compile(r"\{\{(.*?)\}\}|\$value\b|\$labels\.([A-Za-z_]\w*)", re.DOTALL)
LABEL = re.compile(r"\$labels\.([A-Za-z_]\w*)")
PRINTF = re.compile(r"""printf\s+["']%(?:\.(\d))?([fgedsv])["']""")


def expand(text: str, labels: Mapping[str, str], value: float, show: Callable[[float], str]) -> str:
    """The sentence. `show` writes a bare `$value` with its unit."""
    def one(found: re.Match[str]) -> str:
        if found[2]:
            return labels.get(found[2], "")
        if found[1] is None:
            return show(value)
        return _action(found[1].strip(), labels, value)

    return PLAIN.sub(one, text)


def _action(action: str, labels: Mapping[str, str], value: float) -> str:
    first, *pipes = [part.strip() for part in action.split("|")]
    label = LABEL.fullmatch(first)
    printed = re.fullmatch(rf"{PRINTF.pattern}\s+(\$value)", first)
    if label is not None and not pipes:
        return labels.get(label[1], "")
    if printed is not None and not pipes:
        return _printed(printed, value)
    if first != "$value":
        return f"<template not understood: {action[:60]}>"
    said = go_number(value)
    for pipe in pipes:
        done = FUNCTIONS.get(pipe)
        form = PRINTF.fullmatch(pipe)
        if done is not None:
            said = done(value)
        elif form is not None:
            said = _printed(form, value)
        else:
            return f"<template not understood: {action[:60]}>"
    return said


def _printed(form: re.Match[str], value: float) -> str:
    kind = form[2]
    if kind in "sv":
        return go_number(value)
    if kind == "d":
        return str(int(value)) if math.isfinite(value) else go_number(value)
    return f"{value:.{form[1] or 6}{kind}}"


def go_number(value: float) -> str:
    """As Go prints a float64 by itself."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return re.sub(r"e([+-])(\d)$", r"e\g<1>0\2", f"{value:.0f}" if value == int(value) and abs(value) < 1e21
                  else repr(value))


def humanize(value: float) -> str:
    """Four digits with a metric prefix (Prometheus template/template.go)."""
    if value == 0 or not math.isfinite(value):
        return f"{value:.4g}" if value == 0 else go_number(value)
    prefix = ""
    if abs(value) >= 1:
        for prefix_ in ("k", "M", "G", "T", "P", "E", "Z", "Y"):
            if abs(value) < 1000:
                break
            prefix, value = prefix_, value / 1000
    else:
        for prefix_ in ("m", "u", "n", "p", "f", "a", "z", "y"):
            if abs(value) >= 1:
                break
            prefix, value = prefix_, value * 1000
    return f"{value:.4g}{prefix}"


def humanize_percentage(value: float) -> str:
    """A share in percent, four digits."""
    return f"{value * 100:.4g}%" if math.isfinite(value) else go_number(value)


def humanize_duration(value: float) -> str:
    """Seconds as days, hours, minutes and seconds; below one with a prefix."""
    if not math.isfinite(value):
        return go_number(value)
    if value == 0:
        return "0s"
    if abs(value) < 1:
        return humanize(value) + "s"
    sign, rest = "-" if value < 0 else "", int(abs(value))
    seconds, minutes, hours, days = rest % 60, rest // 60 % 60, rest // 3600 % 24, rest // 86400
    if days:
        return f"{sign}{days}d {hours}h {minutes}m {seconds}s"
    if hours:
        return f"{sign}{hours}h {minutes}m {seconds}s"
    if minutes:
        return f"{sign}{minutes}m {seconds}s"
    return f"{sign}{abs(value):.4g}s"


FUNCTIONS: dict[str, Callable[[float], str]] = {
    "humanize": humanize, "humanizePercentage": humanize_percentage, "humanizeDuration": humanize_duration}
