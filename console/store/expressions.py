"""Expressions of users, from a file that may be a stranger's: parsed, checked part by part, and written anew.

DuckDB parses the text (`json_serialize_sql`, which runs nothing). Every part of the tree must be of a kind that is
listed here, with no field set that is not understood; the SQL that is run is made from the checked tree, with names
quoted and values as literals. So no table, file, setting, subquery or function that is not listed can come through,
whatever the text says.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb

from console.errors import BadSettings
from console.store.names import literal, quoted

LONGEST = 2000
DEEPEST = 40

AGGREGATES = {"sum": "sum", "avg": "avg", "mean": "avg", "min": "min", "max": "max", "count": "count",
              "count_star": "count", "quantile": "quantile_disc", "quantile_disc": "quantile_disc",
              "quantile_cont": "quantile_cont", "median": "median", "stddev": "stddev_samp",
              "stddev_samp": "stddev_samp"}
"""What a bucket's rows are made one number by."""

OPERATORS = {"+": "+", "-": "-", "*": "*", "/": "/", "%": "%", "//": "//"}

FUNCTIONS = {"abs": (1, 1), "ln": (1, 1), "log10": (1, 1), "log2": (1, 1), "exp": (1, 1), "sqrt": (1, 1),
             "power": (2, 2), "pow": (2, 2), "round": (1, 2), "floor": (1, 1), "ceil": (1, 1), "sign": (1, 1),
             "greatest": (1, 20), "least": (1, 20), "length": (1, 1), "lower": (1, 1), "upper": (1, 1),
             "trim": (1, 1), "starts_with": (2, 2), "contains": (2, 2), "nullif": (2, 2), "isnan": (1, 1)}
"""Of one row or one number: name -> the fewest and the most arguments. None can make much from little."""

COMPARISONS = {"COMPARE_EQUAL": "=", "COMPARE_NOTEQUAL": "<>", "COMPARE_LESSTHAN": "<", "COMPARE_GREATERTHAN": ">",
               "COMPARE_LESSTHANOREQUALTO": "<=", "COMPARE_GREATERTHANOREQUALTO": ">=",
               "COMPARE_DISTINCT_FROM": "IS DISTINCT FROM", "COMPARE_NOT_DISTINCT_FROM": "IS NOT DISTINCT FROM"}
CONJUNCTIONS = {"CONJUNCTION_AND": " AND ", "CONJUNCTION_OR": " OR "}
CASTS = ("DOUBLE", "FLOAT", "INTEGER", "BIGINT", "VARCHAR", "BOOLEAN")


@dataclass(frozen=True, slots=True)
class Compiled:
    """An expression that was checked. `sql` speaks of its columns as u0, u1, ... in their order."""

    sql: str
    columns: tuple[str, ...]


def compiled(text: str, columns: Mapping[str, str], where: str, *, of_a_row: bool = False) -> Compiled:
    """The expression over columns of one stream.

    columns   what may be named, without regard to case -> the stored name
    of_a_row  it gives one number a row, and no aggregate may stand in it
    Raises BadSettings that names `where` and the part that is not allowed.
    """
    tree = _parsed(text, where)
    maker = _Maker({name.casefold(): stored for name, stored in columns.items()}, where)
    sql = maker.made(tree, 0, inside=of_a_row)
    if not maker.aggregated and not of_a_row:
        raise BadSettings("It gives one number a row, not one a bucket", where=where,
                          do="Put it into an aggregate: " + ", ".join(sorted(AGGREGATES)))
    return Compiled(sql, tuple(maker.used))


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    """A database of its own, with nothing in it and no way out, that only ever parses."""
    return duckdb.connect(":memory:", config={"autoinstall_known_extensions": False, "threads": 1,
                                              "autoload_known_extensions": False, "enable_external_access": False})


def _parsed(text: str, where: str) -> dict[str, Any]:
    if len(text) > LONGEST:
        raise BadSettings(f"It is longer than {LONGEST} letters", where=where, do="Make it shorter")
    try:
        with _parser().cursor() as con:
            found = con.execute("SELECT json_serialize_sql(?::VARCHAR)", [f"SELECT {text}"]).fetchall()[0][0]
        tree = json.loads(found)
    except (duckdb.Error, ValueError, RecursionError) as error:
        raise BadSettings(f"It cannot be read ({str(error).splitlines()[0][:120]})", where=where,
                          do="Write an SQL expression such as avg(price) or sum(clicks) / count(*)") from error
    if tree.get("error"):
        raise BadSettings(f"It cannot be read ({str(tree.get('error_message', ''))[:120]})", where=where,
                          do="Write an SQL expression such as avg(price) or sum(clicks) / count(*)")
    return _only_expression(tree, where)


def _only_expression(tree: dict[str, Any], where: str) -> dict[str, Any]:
    """The one expression of a SELECT that has nothing else."""
    def refused(what: str) -> BadSettings:
        return BadSettings(f"{what} is not allowed in it", where=where,
                           do="Write one expression over the columns of a request")

    statements = tree.get("statements")
    if not isinstance(statements, list) or len(statements) != 1:
        raise refused("More than one statement")
    node = dict(statements[0].get("node") or {})
    if node.pop("type", None) != "SELECT_NODE":
        raise refused("A query")
    if (node.pop("from_table", None) or {}).get("type") != "EMPTY":
        raise refused("FROM")
    chosen = node.pop("select_list", None)
    if not isinstance(chosen, list) or len(chosen) != 1:
        raise refused("More than one expression")
    ctes = node.pop("cte_map", None) or {}
    if ctes.get("map"):
        raise refused("WITH")
    if node.pop("aggregate_handling", "STANDARD_HANDLING") != "STANDARD_HANDLING":
        raise refused("GROUP BY")
    for key, value in node.items():
        if value:       # every clause that there is, those of later versions too
            raise refused(key.replace("_", " ").upper())
    expression = chosen[0]
    if not isinstance(expression, dict):
        raise refused("This")
    return expression


class _Maker:
    """Writes the tree anew. `inside`: within an aggregate, where columns may stand."""

    def __init__(self, columns: Mapping[str, str], where: str) -> None:
        self._columns = columns
        self._where = where
        self.used: list[str] = []
        self.aggregated = False

    def made(self, node: Any, depth: int, *, inside: bool) -> str:
        """The SQL of one part. Raises BadSettings."""
        if depth > DEEPEST:
            raise self._refused("Nesting so deep")
        if not isinstance(node, dict):
            raise self._refused("This")
        if node.get("alias"):
            raise self._refused("A name behind a part")

        def of(child: Any) -> str:
            return self.made(child, depth + 1, inside=inside)

        match str(node.get("class")):
            case "CONSTANT":
                return self._constant(node.get("literal"))
            case "COLUMN_REF":
                return self._column(node.get("column_names"), inside)
            case "FUNCTION":
                return self._function(node, depth, inside)
            case "COMPARISON" if node.get("type") in COMPARISONS:
                return f"({of(node['left'])} {COMPARISONS[node['type']]} {of(node['right'])})"
            case "CONJUNCTION" if node.get("type") in CONJUNCTIONS and node.get("children"):
                return f"({CONJUNCTIONS[node['type']].join(map(of, node['children']))})"
            case "BETWEEN":
                return f"({of(node['input'])} BETWEEN {of(node['lower'])} AND {of(node['upper'])})"
            case "CASE":
                checks = "".join(f" WHEN {of(each['when_expr'])} THEN {of(each['then_expr'])}"
                                 for each in node["case_checks"])
                return f"CASE{checks} ELSE {of(node['else_expr'])} END"
            case "CAST":
                kind = node.get("type_expr") or {}
                name = str(kind.get("type_name")).upper()
                if name not in CASTS or kind.get("children") or kind.get("schema") or kind.get("catalog"):
                    raise self._refused(f"A cast to {name[:80]}")
                return f"TRY_CAST({of(node['child'])} AS {name})"
            case "OPERATOR":
                return self._operator(str(node.get("type")), list(map(of, node.get("children") or [])))
            case other:
                raise self._refused({"STAR": "*", "SUBQUERY": "A subquery", "WINDOW": "A window function",
                                     "LAMBDA": "A lambda", "PARAMETER": "A parameter"}.get(other, f"{other}".title()))

    def _operator(self, kind: str, children: Sequence[str]) -> str:
        match kind, children:
            case "OPERATOR_IS_NULL", [child]:
                return f"({child} IS NULL)"
            case "OPERATOR_IS_NOT_NULL", [child]:
                return f"({child} IS NOT NULL)"
            case "OPERATOR_NOT", [child]:
                return f"(NOT {child})"
            case "OPERATOR_COALESCE", [_, *_]:
                return f"coalesce({', '.join(children)})"
            case "COMPARE_IN", [first, *rest] if rest:
                return f"({first} IN ({', '.join(rest)}))"
            case _:
                raise self._refused(kind.removeprefix("OPERATOR_").replace("_", " "))

    def _function(self, node: dict[str, Any], depth: int, inside: bool) -> str:
        name = str(node.get("function_name")).lower()
        if node.get("schema") or node.get("catalog") or (node.get("order_bys") or {}).get("orders") \
                or node.get("export_state"):
            raise self._refused(f"This form of {name}()")
        given = node.get("arguments") or []
        if any(each.get("name") for each in given) or (node.get("qualified_name") or {}).get("path", [name]) != [
                node.get("function_name")]:
            raise self._refused(f"This form of {name}()")
        children = [each.get("expression") for each in given]
        if name in AGGREGATES:
            return self._aggregate(name, node, children, depth, inside)
        if node.get("filter") or node.get("distinct"):
            raise self._refused(f"FILTER or DISTINCT on {name}()")
        parts = [self.made(child, depth + 1, inside=inside) for child in children]
        if name in OPERATORS and len(parts) in (1, 2):
            return f"({f' {OPERATORS[name]} '.join(('', *parts) if len(parts) == 1 else parts)})"
        if name not in FUNCTIONS:
            raise self._refused(f"The function {name}()")
        fewest, most = FUNCTIONS[name]
        if not fewest <= len(parts) <= most:
            raise self._refused(f"{name}() of {len(parts)} values")
        return f"{name}({', '.join(parts)})"

    def _aggregate(self, name: str, node: dict[str, Any], children: Sequence[Any], depth: int, inside: bool) -> str:
        if inside:
            raise self._refused("An aggregate inside of another")
        self.aggregated = True
        parts = [self.made(child, depth + 1, inside=True) for child in children]
        takes_rank = AGGREGATES[name].startswith("quantile")
        if takes_rank:
            rank = _number(children[1]) if len(children) == 2 else None
            if rank is None or not 0 <= rank <= 1:
                raise self._refused("A quantile of another share than a number from 0 to 1")
            parts[1] = repr(rank)
        elif len(parts) != 1 and not (AGGREGATES[name] == "count" and not parts):
            raise self._refused(f"{name}() of {len(parts)} values")
        distinct = "DISTINCT " if node.get("distinct") else ""
        made = f"{AGGREGATES[name]}({distinct}{', '.join(parts) or '*'})"
        if node.get("filter"):
            made += f" FILTER (WHERE {self.made(node['filter'], depth + 1, inside=True)})"
        return made

    def _column(self, names: Any, inside: bool) -> str:
        if not isinstance(names, list) or len(names) != 1:
            raise self._refused(f"`{'.'.join(map(str, names or []))[:80]}`")
        stored = self._columns.get(str(names[0]).casefold())
        if stored is None:
            some = ", ".join(sorted(self._columns)[:20])
            raise BadSettings(f"No stream of requests has a column `{str(names[0])[:80]}`", where=self._where,
                              do=f"Name one that it has: {some}")
        if not inside:
            raise BadSettings(f"`{str(names[0])[:80]}` has one value a row, and a bucket has many", where=self._where,
                              do="Put it into an aggregate: " + ", ".join(sorted(AGGREGATES)))
        if stored not in self.used:
            self.used.append(stored)
        return quoted(f"u{self.used.index(stored)}")

    def _constant(self, held: Any) -> str:
        kind, text = str((held or {}).get("kind")), str((held or {}).get("text"))
        if kind == "NULL_LITERAL":
            return "NULL"
        if kind == "BOOLEAN":
            return "true" if text == "true" else "false"
        if kind == "STRING":
            return literal(text)
        number = _number({"class": "CONSTANT", "literal": held})
        if number is None:
            raise self._refused(f"{text[:40]}, a value of this kind,")
        return str(int(number)) if kind == "INTEGER" and abs(number) < 2**53 else f"{number!r}::DOUBLE"

    def _refused(self, what: str) -> BadSettings:
        return BadSettings(f"{what} is not allowed in it", where=self._where,
                           do="Allowed are columns, numbers, texts, CASE, comparisons and the functions "
                              + ", ".join(sorted({*AGGREGATES, *FUNCTIONS})))


def _number(node: Any) -> float | None:
    """A constant as a number; None when it is none, or too large for one."""
    held = node.get("literal") if isinstance(node, dict) and node.get("class") == "CONSTANT" else None
    if not isinstance(held, dict) or held.get("kind") not in ("INTEGER", "NUMERIC"):
        return None
    try:
        number = float(str(held.get("text")))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
