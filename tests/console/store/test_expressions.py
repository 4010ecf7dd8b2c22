"""Expressions of users: what is computed, and that nothing but computing can be done with them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from console.errors import BadSettings
from console.roles import Role
from console.store import Workspace
from console.store.expressions import AGGREGATES, FUNCTIONS, compiled
from tests.console.store.made import NUMBER, TEXT, TIME, column, put, stream, whole

PLAN = stream("requests", column("ts", TIME, Role.TIMESTAMP), column("price", NUMBER, Role.FEATURE),
              column("my country", TEXT, Role.FEATURE), column('a"b', NUMBER))
COLUMNS = {one.stored: one.stored for one in PLAN.columns}
PRICES = [1.0, 2.0, 3.0, 4.0, None, 10.0]
COUNTRIES = ["DE", "US", "o'brien", "DE", "DE", None]

GOOD = [
    ("avg(price)", 4.0), ("sum(price) / count(*)", 20 / 6), ("count(price)", 5), ("MAX(Price) - min(price)", 9),
    ("count(*) FILTER (WHERE \"my country\" = 'DE')", 3), ("(((sum(price)))) /* that is all */; --", 20),
    ("sum(price) FILTER (WHERE \"my country\" IN ('DE', 'US'))", 7),
    ("quantile(price, 0.5)", 3), ("median(price)", 3), ("count(DISTINCT \"my country\")", 3),
    ("avg(CASE WHEN price > 2 THEN 1 ELSE 0 END)", 0.5), ("sum(coalesce(price, 100))", 120),
    ("avg((\"my country\" = 'o''brien')::INTEGER)", 0.2), ("-sum(price) * 2 + 1.5", -38.5),
    ("sum(greatest(price, 2.5))", 2.5 + 2.5 + 3 + 4 + 10 + 2.5), ("ln(exp(sum(price)))", 20),
    ("sum(price) / nullif(count(*) - 6, 0)", None), ("sum(\"a\"\"b\")", None), ("sum(length(\"my country\"))", 15),
    ("round(sum(price) / 3, 1)", 6.7), ("sum(price::INTEGER) + sum(price) -- tail", 40),
    ("count(*) FILTER (WHERE price IS NULL OR NOT (price BETWEEN 2 AND 4))", 3), ("sum(price) / 0", None),
    ("count(*) FILTER (WHERE price IS DISTINCT FROM 1)", 5),
]

BAD = [
    "price", "1", "", "*", "count(*), 1", "avg(nothing)", "sum(price) FROM events", "sum(price) WHERE true",
    "sum(price) GROUP BY 1", "sum(price) LIMIT 1", "sum(price); DROP TABLE files", "sum(price) UNION SELECT 1",
    "(SELECT 1)", "sum((SELECT max(value) FROM meta))", "EXISTS (SELECT 1)", "avg(price IN (SELECT 1))",
    "WITH x AS (SELECT 1) SELECT 1", "sum(price) OVER ()", "row_number() OVER ()", "sum(price) x", "sum(price) AS x",
    "count(*) FROM read_csv('/etc/passwd')", "sum(read_text('/etc/passwd'))", "read_csv('/etc/passwd')",
    "getenv('HOME')", "sum(length(getenv('HOME')))", "current_setting('threads')", "getvariable('x')",
    "set_config('a', 'b')", "sum(nextval('s'))", "pragma_version()", "query('SELECT 1')", "query_table('files')",
    "sum(range(10))", "unnest([1])", "list_sum([1, 2])", "{'a': 1}", "[1]", "sum(x -> 1)", "$1", "?", "repeat('x', 9)",
    "sum(length(repeat('x', 1000000000)))", "string_agg(price, ',')", "list(price)", "histogram(price)",
    "sum(sum(price))", "quantile(price, price)", "quantile(price, [0.1, 0.2])", "quantile(price, 2)",
    "sum(price ORDER BY ts)", "main.sum(price)", "sum(requests.price)", "sum(price)::mytype",
    "sum(price::DECIMAL(3, 2))", "avg(price COLLATE nocase)", "COLUMNS(*)", "sum(COLUMNS('p.*'))", "min(ts) - now()",
    "current_date", "random()", "sum(random())", "sum(1e400)", "DISTINCT sum(price)", "sum(hash(price))",
    "regexp_matches('a', '(a*)*b')", "sum(price) USING SAMPLE 1", "count(*) FILTER (WHERE EXISTS (SELECT 1))",
    "TABLE files", "INTO x", "FROM files", "sum(price) IN (FROM files)", "'\0'", "abs(1, 2)", "((((((", "sum(" * 500,
    "x" * 5000, "sum(price)" + " + 1" * 400, "icu_sort_key('a', 'b')",
    "ATTACH 'x'", "sum(try(price))", "getvariable(getvariable('x'))", "add_parquet_key('a')",
]


@pytest.fixture
def filled(ws: Workspace) -> Workspace:
    put(ws, PLAN, {"ts": [f"2026-03-02T06:00:0{i}Z" for i in range(6)],
                   "price": [None if price is None else str(price) for price in PRICES], "my country": COUNTRIES,
                   'a"b': [None] * 6})
    ws.refresh()
    return ws


@pytest.mark.parametrize("text, expected", GOOD, ids=[text for text, _ in GOOD])
def test_that_an_expression_is_computed(filled: Workspace, text: str, expected: float | None) -> None:
    values, n = filled.scan(1, whole(filled), 3600).expression(compiled(text, COLUMNS, "here"))
    assert n.tolist() == [6]
    assert values[0] == pytest.approx(expected) if expected is not None else np.isnan(values[0])


@pytest.mark.parametrize("text", BAD, ids=[text[:60] for text in BAD])
def test_that_all_else_is_refused_with_a_word(text: str) -> None:
    with pytest.raises(BadSettings) as refused:
        compiled(text, COLUMNS, "metric `x`")
    assert refused.value.where == "metric `x`"
    assert refused.value.do


WORDS = st.sampled_from(["sum(", "avg(", "(", ")", "price", "SELECT", "FROM", "files", ",", "1", "'", '"', "--",
                         "/*", "*/",
                         ";", "read_csv('/etc/passwd')", "getenv('X')", "*", "+", "[", "]", "{", "}", "::", "->", "$1",
                         "CASE WHEN", "THEN", "END", "FILTER (WHERE", "OVER ()", "IN", "quantile(", ", 0.5", "\\",
                         "NULL",
                         "\n", "count(*)", "my country", '"my country"', "u0", "rowid", "_file", "_ts", "é", "\u202e"])
ALLOWED = {*AGGREGATES.values(), *FUNCTIONS, "case", "when", "then", "else", "end", "filter", "where", "distinct",
           "and", "or", "not", "in", "is", "null", "between", "coalesce", "try_cast", "as", "double", "float",
           "integer",
           "bigint", "varchar", "boolean", "true", "false", "from"}


@given(st.lists(WORDS, max_size=14).map(" ".join) | st.text(max_size=40))
@example("sum(price) FILTER (WHERE 'x'' OR 1=1 --' = 'y')")
@example('sum("u0")')
def test_that_whatever_comes_through_is_made_of_words_that_are_allowed(text: str) -> None:
    """Strangers' names stand in quotes and their texts are literals; what is left are our own words."""
    try:
        one = compiled(text, COLUMNS, "here")
    except BadSettings:
        return
    bare, quote = "", ""
    for letter in one.sql:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote, bare = letter, bare + " "
        else:
            bare += letter
    assert not quote
    assert set(one.columns) <= set(COLUMNS)
    words = "".join(letter if letter.isalpha() or letter == "_" else " " for letter in bare).split()
    assert {word.lower() for word in words} <= ALLOWED | {"e"}
    assert not set(bare) & set(";[]{}$?\\`")
    assert "--" not in bare and "/*" not in bare
