"""Conditions of imported gates, such as `len(result) > 0 and result[0] >= 0.95`: read, and held against a measurement.

A part of the expression language that Argo uses, with its precedence (`!` binds closest, then a sign, `not`, `* /`,
`+ -`, `..`, comparisons and `in`, `and`, `or`). All else is refused with its column. Nothing is ever run as a program.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from console.errors import BadSettings, ConsoleError

MOST_CHARACTERS = 4_000
MOST_DEPTH = 60
MOST_PARTS = 400
"""Words and signs of a condition."""

MOST_RANGE = 1_000_000
"""Numbers in a range."""

Value = float | bool | tuple["Value", ...] | None
Result = float | Sequence[float] | None


class CannotMeasure(ConsoleError):
    """A condition has no answer for this measurement: that is an Error, and no failure."""


class Measured(StrEnum):
    """What a measurement is; named as Argo names it."""

    SUCCESSFUL = "Successful"
    FAILED = "Failed"
    INCONCLUSIVE = "Inconclusive"
    ERROR = "Error"


# ---- the tree --------------------------------------------------------------------------------------------------

@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Constant:
    value: bool | None


@dataclass(frozen=True, slots=True)
class ResultItself:
    pass


@dataclass(frozen=True, slots=True)
class Item:
    of: Node
    index: Node


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    given: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Signed:
    sign: str
    of: Node


@dataclass(frozen=True, slots=True)
class Pair:
    sign: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Many:
    of: tuple[Node, ...]


Node = Number | Constant | ResultItself | Item | Call | Signed | Pair | Many

FUNCTIONS = {"len": 1, "default": 2, "isNaN": 1, "isInf": 1, "isNil": 1, "asFloat": 1, "asInt": 1}
"""And how many values each takes."""

STRENGTHS = {"||": 10, "or": 10, "&&": 15, "and": 15, "==": 20, "!=": 20, "<": 20, ">": 20, "<=": 20, ">=": 20,
             "in": 20, "not in": 20, "..": 25, "+": 30, "-": 30, "*": 60, "/": 60}
SAME = {"||": "or", "&&": "and"}
UNARY = {"not": 50, "-": 90, "+": 90, "!": 1000}
TOKEN = re.compile(r"""\s*(?:
    (?P<number>0[xX][0-9a-fA-F]+|(?:\d[\d_]*(?:\.(?!\.)\d*)?|\.\d+)(?:[eE][-+]?\d+)?)
    |(?P<word>[A-Za-z_$#][\w.]*)
    |(?P<sign>\|\||&&|==|!=|<=|>=|\.\.|[-+*/<>!()\[\],])
    |(?P<other>.))""", re.VERBOSE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    column: int


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that was understood.

    listed  it looks at the result as a list (`result[0]`, `len(result)`), as Prometheus answers
    """

    text: str
    tree: Node
    listed: bool

    def holds(self, result: Result) -> bool:
        """Whether it is true of a measurement. Raises CannotMeasure."""
        found = _value(self.tree, tuple(result) if isinstance(result, Sequence) else result)
        if not isinstance(found, bool):
            raise CannotMeasure(f"`{self.text[:80]}` gives {_said(found)}, neither true nor false",
                                do="Compare the number with a limit")
        return found


@lru_cache(maxsize=512)
def read(text: str) -> Condition:
    """A condition from its text. Raises BadSettings with the column, counted from 1."""
    if len(text) > MOST_CHARACTERS:
        raise BadSettings(f"The condition is longer than {MOST_CHARACTERS:,} characters", do="Make it shorter")
    reader = _Reader(text)
    if len(reader.tokens) > MOST_PARTS:
        raise reader.refuse(reader.tokens[MOST_PARTS], f"Use fewer than {MOST_PARTS} words and signs")
    tree = reader.expression(0)
    end = reader.peek
    if end.kind != "end":
        raise reader.refuse(end, "Only one condition can stand here" if end.text in FUNCTIONS | {"result": 1} else "")
    return Condition(text, tree, _listed(tree))


def measured(success: str, failure: str, number: float | None) -> Measured:
    """What one number is by Argo's two conditions; None: nothing came.

    One condition alone is the other's negation; with neither all is Successful; both true is Failed, neither true
    Inconclusive. Without an answer (a missing index, a division by zero) it is an Error.
    """
    try:
        passed = read(success).holds(_seen_by(read(success), number)) if success else None
        failed = read(failure).holds(_seen_by(read(failure), number)) if failure else None
    except CannotMeasure:
        return Measured.ERROR
    match passed, failed:
        case (None, None):
            return Measured.SUCCESSFUL
        case (None, bool()):
            return Measured.FAILED if failed else Measured.SUCCESSFUL
        case (bool(), None):
            return Measured.SUCCESSFUL if passed else Measured.FAILED
        case _:
            if failed:
                return Measured.FAILED
            return Measured.SUCCESSFUL if passed else Measured.INCONCLUSIVE


def _seen_by(condition: Condition, number: float | None) -> Result:
    if condition.listed:
        return () if number is None else (number,)
    return number


# ---- reading ---------------------------------------------------------------------------------------------------

class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.at = 0
        self.depth = 0

    @property
    def peek(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        token = self.tokens[self.at]
        self.at += token.kind != "end"
        return token

    def refuse(self, token: Token, why: str = "") -> BadSettings:
        what = f"not supported: `{token.text[:40]}`" if token.kind != "end" else "the condition ends too early"
        return BadSettings(f"{what} at column {token.column} of `{self.text[:80]}`",
                           do=why or "Use result, result[0], numbers, comparisons, and, or, not, in, "
                                     f"{', '.join(FUNCTIONS)}")

    def expression(self, least: int) -> Node:
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise self.refuse(self.peek, f"Nest it less than {MOST_DEPTH} deep")
        left = self.unary()
        while (sign := self.infix()) and STRENGTHS[sign] >= least:
            self.at += 2 if sign == "not in" else 1
            left = Pair(SAME.get(sign, sign), left, self.expression(STRENGTHS[sign] + 1))
        self.depth -= 1
        return left

    def infix(self) -> str:
        text = self.peek.text if self.peek.kind in ("sign", "word") else ""
        if text == "not":
            return "not in" if self.tokens[min(self.at + 1, len(self.tokens) - 1)].text == "in" else ""
        return text if text in STRENGTHS else ""

    def unary(self) -> Node:
        token = self.peek
        if token.text in UNARY and token.kind in ("sign", "word"):
            self.take()
            return Signed("not" if token.text == "!" else token.text, self.expression(UNARY[token.text]))
        return self.postfix(self.primary())

    def postfix(self, node: Node) -> Node:
        while self.peek.text == "[":
            self.take()
            node = Item(node, self.expression(0))
            self.expect("]")
        return node

    def primary(self) -> Node:
        token = self.take()
        if token.kind == "number":
            return Number(self.number(token))
        if token.text == "(":
            inside = self.expression(0)
            self.expect(")")
            return inside
        if token.text == "[":
            return Many(self.listed("]"))
        if token.kind == "word":
            if token.text in ("true", "false", "nil"):
                return Constant({"true": True, "false": False, "nil": None}[token.text])
            if token.text == "result":
                return ResultItself()
            if token.text in FUNCTIONS and self.peek.text == "(":
                self.take()
                given = self.listed(")")
                if len(given) != FUNCTIONS[token.text]:
                    raise self.refuse(token, f"Give {token.text} {FUNCTIONS[token.text]} "
                                             f"value{'s' if FUNCTIONS[token.text] > 1 else ''}")
                return Call(token.text, given)
        raise self.refuse(token)

    def number(self, token: Token) -> float:
        digits = token.text.replace("_", "")
        found = float(int(digits, 16)) if digits[:2] in ("0x", "0X") else float(digits)
        if not math.isfinite(found):
            raise self.refuse(token, "Give a smaller number")
        return found

    def listed(self, end: str) -> tuple[Node, ...]:
        items: list[Node] = []
        while self.peek.text != end:
            items.append(self.expression(0))
            if self.peek.text != end:
                self.expect(",")
        self.take()
        return tuple(items)

    def expect(self, sign: str) -> None:
        token = self.take()
        if token.text != sign or token.kind != "sign":
            raise self.refuse(token, f"A `{sign}` is expected here")


def _tokens(text: str) -> list[Token]:
    found: list[Token] = []
    at = 0
    while text[at:].strip():
        match = TOKEN.match(text, at)
        assert match is not None and match.lastgroup is not None
        found.append(Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup) + 1))
        at = match.end()
    return [*found, Token("end", "", len(text) + 1)]


def _listed(node: Node) -> bool:
    match node:
        case Item(of, index):
            return isinstance(of, ResultItself) or _listed(of) or _listed(index)
        case Call(name, given):
            return (name == "len" and isinstance(given[0], ResultItself)) or any(map(_listed, given))
        case Signed(_, of):
            return _listed(of)
        case Pair(_, left, right):
            return _listed(left) or _listed(right)
        case Many(of):
            return any(map(_listed, of))
        case _:
            return False


# ---- what it says ----------------------------------------------------------------------------------------------

COMPARED: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge}


def _value(node: Node, result: Value) -> Value:
    match node:
        case Number(value):
            return value
        case Constant(constant):
            return constant
        case ResultItself():
            return result
        case Item(of, index):
            return _item(_value(of, result), _value(index, result))
        case Call(name, given):
            return _called(name, [_value(each, result) for each in given])
        case Signed("not", of):
            return not _flag(_value(of, result))
        case Signed(sign, of):
            number = _number(_value(of, result))
            return -number if sign == "-" else number
        case Many(of):
            return tuple(_value(each, result) for each in of)
        case Pair("and", left, right):
            return _flag(_value(left, result)) and _flag(_value(right, result))
        case Pair("or", left, right):
            return _flag(_value(left, result)) or _flag(_value(right, result))
        case Pair("in" | "not in" as sign, left, Pair("..", first, last)):
            one = _value(left, result)
            low, high = _whole(_value(first, result)), _whole(_value(last, result))
            inside = (isinstance(one, float) and not isinstance(one, bool) and low <= one <= high
                      and one == math.floor(one))
            return inside is (sign == "in")
        case Pair(sign, left, right):
            return _paired(sign, _value(left, result), _value(right, result))


def _paired(sign: str, left: Value, right: Value) -> Value:
    if sign in ("in", "not in"):
        if not isinstance(right, tuple):
            raise CannotMeasure(f"`in` needs a list, not {_said(right)}")
        return any(_same(left, each) for each in right) is (sign == "in")
    if sign in ("==", "!="):
        return _same(left, right) is (sign == "==")
    if sign == "..":
        first, last = _whole(left), _whole(right)
        if last - first > MOST_RANGE:
            raise CannotMeasure(f"A range of more than {MOST_RANGE:,} numbers")
        return tuple(float(each) for each in range(first, last + 1))
    one, other = _number(left), _number(right)
    if sign in COMPARED:
        return COMPARED[sign](one, other)
    match sign:
        case "+":
            return one + other
        case "-":
            return one - other
        case "*":
            return one * other
        case _:
            if other == 0:
                raise CannotMeasure("Division by zero")
            return one / other


def _called(name: str, given: list[Value]) -> Value:
    first = given[0]
    match name:
        case "len":
            if not isinstance(first, tuple):
                raise CannotMeasure(f"`len` needs a list, not {_said(first)}")
            return float(len(first))
        case "default":
            return given[1] if first is None else first
        case "isNil":
            return first is None
        case "isNaN":
            return math.isnan(_number(first))
        case "isInf":
            return math.isinf(_number(first))
        case "asFloat":
            return _number(first)
        case _:
            number = _number(first)
            if not math.isfinite(number):
                raise CannotMeasure(f"`asInt` of {number}")
            return float(math.trunc(number))


def _item(of: Value, index: Value) -> Value:
    if not isinstance(of, tuple):
        raise CannotMeasure(f"{_said(of)} has no items".capitalize())
    at = _whole(index)
    if not -len(of) <= at < len(of):
        raise CannotMeasure(f"There is no item {at} in a list of {len(of)}")
    return of[at]


def _same(one: Value, other: Value) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return one == other


def _number(value: Value) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CannotMeasure(f"A number is needed, not {_said(value)}")
    return value


def _whole(value: Value) -> int:
    number = _number(value)
    if not math.isfinite(number) or number != math.floor(number):
        raise CannotMeasure(f"A whole number is needed, not {number}")
    return int(number)


def _flag(value: Value) -> bool:
    if not isinstance(value, bool):
        raise CannotMeasure(f"True or false is needed, not {_said(value)}")
    return value


def _said(value: Value) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case tuple():
            return f"a list of {len(value)}"
        case _:
            return f"the number {value:g}"
