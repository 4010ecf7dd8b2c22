"""YAML of strangers, as values that know their line. Plain data only: no tag of anybody's own, no copy of a copy of a
copy, and `{{` outside quotes is a chart that nobody rendered."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, NoReturn

from console.errors import BadSettings

MOST_CHARACTERS = 2_000_000
MOST_NODES = 50_000
"""With aliases written out."""

MOST_DEPTH = 60
MOST_OPEN = 500
"""Brackets that are open at once, wherever they stand: a scanner of YAML takes the square of it in steps."""

CORE = "tag:yaml.org,2002:"
TAGS = frozenset(CORE + name for name in ("str", "int", "float", "bool", "null", "timestamp", "seq", "map", "value"))
OWN_ARGUMENT = re.compile(r"\{\{\s*(args|inputs)\.[\w.-]+\s*\}\}")

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class At:
    """A value and the line that it stands in, counted from 1. Items and members are such values again."""

    value: Scalar | tuple[At, ...] | dict[str, At]
    line: int
    plain: bool = False         # a text without quotes

    def bare(self) -> Any:
        """Without lines, as JSON would have it."""
        match self.value:
            case dict():
                return {key: each.bare() for key, each in self.value.items()}
            case tuple():
                return [each.bare() for each in self.value]
            case _:
                return self.value


def documents(text: str, *, file: str) -> Iterator[At]:
    """The documents of a file that are tables. Raises BadSettings with file and line."""
    import yaml

    if len(text) > MOST_CHARACTERS:
        raise BadSettings(f"The file is longer than {MOST_CHARACTERS:,} characters", where=file, do="Make it shorter")
    if _most_open(text) > MOST_OPEN:
        raise BadSettings(f"More than {MOST_OPEN} brackets are open at once", where=file, do="Close them")
    try:
        nodes = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        if "{{" in text:
            line = next(number for number, each in enumerate(text.splitlines(), start=1) if "{{" in each)
            raise _unrendered(file, line) from error
        mark = getattr(error, "problem_mark", None)
        where = f"{file}, line {mark.line + 1}" if mark is not None else file
        what = getattr(error, "problem", None) or str(error).split("\n")[0][:120] or "it is nested too deep"
        raise BadSettings(f"It is not valid YAML: {what}", where=where, do="Mend this line") from error
    reader = _Reader(file)
    for node in nodes:
        found = reader.read(node, 0) if node is not None else None
        if found is not None and isinstance(found.value, dict):
            yield found


def _most_open(text: str) -> int:
    steps = (1 if sign in "[{" else -1 for sign in re.findall(r"[][{}]", text))
    return max(accumulate(steps), default=0)


def _unrendered(file: str, line: int) -> BadSettings:
    return BadSettings("`{{` outside quotes: this is an unrendered chart", where=f"{file}, line {line}",
                       do="Render it first (helm template), and read what comes out")


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.left = MOST_NODES

    def fail(self, node: Any, what: str, do: str) -> NoReturn:
        raise BadSettings(what, where=f"{self.file}, line {node.start_mark.line + 1}", do=do)

    def read(self, node: Any, depth: int) -> At:
        import yaml

        self.left -= 1
        if self.left < 0 or depth > MOST_DEPTH:
            self.fail(node, f"It unfolds to more than {MOST_NODES:,} values, or is nested more than {MOST_DEPTH} deep",
                      "Take aliases (*name) out")
        line = node.start_mark.line + 1
        if node.tag not in TAGS:
            if node.tag == CORE + "merge":
                return At("<<", line)
            self.fail(node, f"The tag {node.tag[:60]} is not understood", "Take it out: plans are plain data")
        if isinstance(node, yaml.MappingNode):
            return At(self.members(node, depth), line)
        if isinstance(node, yaml.SequenceNode):
            return At(tuple(self.read(each, depth + 1) for each in node.value), line)
        return At(self.scalar(node), line, plain=node.style is None)

    def members(self, node: Any, depth: int) -> dict[str, At]:
        import yaml

        found: dict[str, At] = {}
        merged: dict[str, At] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _unrendered(self.file, key.start_mark.line + 1)
            if key.tag == CORE + "merge":
                parts = value.value if isinstance(value, yaml.SequenceNode) else [value]
                for part in parts:
                    table = self.read(part, depth + 1).value
                    if not isinstance(table, dict):
                        self.fail(part, "`<<` takes a table", "Write the keys out")
                    merged = table | merged
                continue
            if key.value in found:
                self.fail(key, f"`{key.value[:60]}` is given twice", "Take one of them out")
            found[key.value] = self.read(value, depth + 1)
        return merged | found

    def scalar(self, node: Any) -> Scalar:
        text: str = node.value
        match node.tag.removeprefix(CORE):
            case "null":
                return None
            case "bool":
                return text.lower() in ("true", "yes", "on")
            case "int" if re.fullmatch(r"[-+]?[0-9_]+", text):
                if len(text) > 30:
                    self.fail(node, "The number is too long", "Give a smaller one")
                return int(text.replace("_", ""))
            case "float":
                try:
                    number = float(text.replace("_", ""))
                except ValueError:
                    return text
                return number if math.isfinite(number) else text
            case _:
                return text


class Table:
    """One table of a document, read key by key; what is wrong is said with file, line and key."""

    def __init__(self, at: At, file: str, name: str) -> None:
        if not isinstance(at.value, dict):
            raise BadSettings(f"`{name}` must be a table", where=f"{file}, line {at.line}", do="Write keys under it")
        self.members: dict[str, At] = at.value
        self.line = at.line
        self.file = file
        self.name = name

    def __contains__(self, key: str) -> bool:
        return key in self.members and self.members[key].value is not None

    def fail(self, what: str, do: str, key: str = "") -> NoReturn:
        """Raises BadSettings at the line of a key."""
        line = self.members[key].line if key in self.members else self.line
        raise BadSettings(what, where=f"{self.file}, line {line}", do=do)

    def line_of(self, key: str) -> int:
        """The line of a key, or of the table."""
        return self.members[key].line if key in self.members else self.line

    def table(self, key: str) -> Table | None:
        """A table in it; None where it is not given."""
        return Table(self.members[key], self.file, key) if key in self else None

    def tables(self, key: str) -> Sequence[Table]:
        """A list of tables in it; empty where it is not given."""
        return [Table(each, self.file, key) for each in self.items(key)]

    def items(self, key: str) -> tuple[At, ...]:
        """A list in it; empty where it is not given."""
        if key not in self:
            return ()
        value = self.members[key].value
        if not isinstance(value, tuple):
            self.fail(f"`{key}` must be a list", "Write each with a dash before it", key)
        return value

    def text(self, key: str, usual: str = "") -> str:
        """A text. Outside quotes `{{` is an unrendered chart, but for Argo's own arguments."""
        if key not in self:
            return usual
        return self.text_of(self.members[key], key)

    def text_of(self, at: At, key: str) -> str:
        """A scalar as text; numbers as they are written."""
        if isinstance(at.value, dict | tuple):
            self.fail(f"`{key}` must be a text", "Write it in quotes", key)
        if at.plain and isinstance(at.value, str) and "{{" in OWN_ARGUMENT.sub("", at.value):
            raise _unrendered(self.file, at.line)
        if isinstance(at.value, bool):
            return str(at.value).lower()
        return str(at.value if at.value is not None else "")

    def flag(self, key: str, usual: bool) -> bool:
        """True or false."""
        if key not in self:
            return usual
        value = self.members[key].value
        if not isinstance(value, bool):
            self.fail(f"`{key}` must be true or false", "Write true or false, without quotes", key)
        return value

    def number(self, key: str) -> float | None:
        """A number; None where it is not given."""
        if key not in self:
            return None
        value = self.members[key].value
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.fail(f"`{key}` must be a number", "Write it without quotes", key)
        return float(value)

    def whole(self, key: str, usual: int | None = None) -> int | None:
        """A whole number; the usual where it is not given."""
        if key not in self:
            return usual
        value = self.members[key].value
        if isinstance(value, bool) or not isinstance(value, int):
            self.fail(f"`{key}` must be a whole number", "Write it without quotes and without a point", key)
        return value
