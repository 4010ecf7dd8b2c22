"""Bodies of requests and answers, apart from any tool: every shape, every language, and what it costs."""

from __future__ import annotations

import itertools
import json
import random
import time
from typing import Any

import pytest

from console.logs.formats.bodies import EVERY_SHAPE, WIDEST, Shape, hints_of, opened, shapes_in
from console.logs.formats.cutting import SqlCutter
from console.roles import Role

SOURCE = """
    SELECT i, NULL::VARCHAR AS ignored, NULL::VARCHAR AS bad, NULL::TINYINT AS half, l->>'$.id' AS id, '{}' AS env,
        NULL::VARCHAR AS once, l->>'$.q' AS req, l->>'$.r' AS res, false AS req_csv, false AS res_csv FROM lines"""


def rows_of(*pairs: tuple[Any, Any], shapes: frozenset[Shape] | None = None) -> list[dict[str, Any]]:
    text = "".join(json.dumps({"id": f"r{n}", "q": q, "r": r}) + "\n" for n, (q, r) in enumerate(pairs)).encode()
    cutter = SqlCutter(lambda block: opened(SOURCE, "id", (), shapes if shapes is not None else shapes_in(block)),
                       json=True)
    try:
        cut = cutter.cut(text, final=True)
        assert not cut.bad
        names = list(cutter.keys)
        return [{names[int(key)]: value for key, value in row.items()
                 if value is not None and key != "_record" and names[int(key)] not in ("id", "batch_size")}
                for table in cut.tables for row in table.to_pylist()]
    finally:
        cutter.close()


def test_that_words_of_all_languages_and_odd_keys_pass_through() -> None:
    body = {"größe": "Bürorechner", "日本": "…😀", 'a"b\\/~': "x\n\t'", "": "empty", " ": " ", "prediction": "é"}
    (row,) = rows_of(({"instances": [body]}, {"predictions": [{"label": "ü", "größe": "…"}]}))
    assert row == {"größe": "Bürorechner", "日本": "…😀", 'a"b\\/~': "x\n\t'", "": "empty", " ": " ",
                   "input.prediction": "é", "prediction": "ü", "output.größe": "…"}


@pytest.mark.parametrize(("body", "expected"), [
    ({"instances": [1.5, "two", None, True, [7, 8], {}]},
     [{"input": "1.5"}, {"input": "two"}, {}, {"input": "true"}, {"feature_1": "7", "feature_2": "8"}, {}]),
    ([1, "a", None, 2], [{"feature_1": "1", "feature_2": "a", "feature_4": "2"}]),
    ([[1, 2], [3]], [{"feature_1": "1", "feature_2": "2"}, {"feature_1": "3"}]),
    ({"features": [1, 2]}, [{"feature_1": "1", "feature_2": "2"}]),
    ({"data": {"names": ["a", "b"], "ndarray": [[1, "x"], [2]]}}, [{"a": "1", "b": "x"}, {"a": "2"}]),
    ({"data": {"ndarray": [[1, 2]]}}, [{"feature_1": "1", "feature_2": "2"}]),
    ({"inputs": "a text", "parameters": {"top_k": 3}}, [{"input": "a text"}]),
    ({"inputs": ["a", "b"]}, [{"input": "a"}, {"input": "b"}]),
    ({"inputs": {"a": [1, 2], "b": 5}}, [{"a": "1", "b": "5"}, {"a": "2"}]),
    ({"inputs": []}, [{}]), ({"instances": None}, [{}]), ({}, [{}]), ([], [{}]), (7, [{"input": "7"}]),
    ({"a": 1, "b": {"c": 2, "d": {"e": 3}, "f": []}}, [{"a": "1", "b.c": "2", "b.d": '{"e":3}', "b.f": "[]"}]),
    ({"a": 12345678901234567890123, "b": 0.1, "c": 1e300}, [
        {"a": "12345678901234567890123", "b": "0.1", "c": "1e+300"}]),
])
def test_that_requests_of_every_shape_are_opened(body: Any, expected: list[dict[str, str]]) -> None:
    assert rows_of((body, None)) == expected
    assert rows_of((body, None), shapes=EVERY_SHAPE) == expected


@pytest.mark.parametrize(("tensors", "expected"), [
    ([{"name": "x", "shape": [2, 2], "data": [1, 2, 3, 4]}], [{"x_1": "1", "x_2": "2"}, {"x_1": "3", "x_2": "4"}]),
    ([{"name": "x", "shape": [2, 2], "data": [[1, 2], [3, 4]]}], [{"x_1": "1", "x_2": "2"}, {"x_1": "3", "x_2": "4"}]),
    ([{"name": "x", "shape": [3], "data": [1, 2, 3]}], [{"x": "1"}, {"x": "2"}, {"x": "3"}]),
    ([{"name": "x", "shape": [1, 3], "data": [1, 2, 3]}], [{"x_1": "1", "x_2": "2", "x_3": "3"}]),
    ([{"name": "x", "shape": [1], "data": ["a"]}, {"name": "y", "shape": [1, 1], "data": [5]}], [{"x": "a", "y": "5"}]),
    ([{"name": "x", "shape": [2], "data": [1, 2]}, {"name": "y", "shape": [1], "data": [9]}],
     [{"x": "1", "y": "9"}, {"x": "2"}]),
    ([{"shape": "odd", "data": [1]}], [{"tensor": "1"}]),
    ([{"name": "x", "shape": [1, 2, 2], "data": [[[1, 2], [3, 4]]]}], [{"x_1": "[1,2]", "x_2": "[3,4]"}]),
])
def test_that_tensors_become_rows(tensors: list[Any], expected: list[dict[str, str]]) -> None:
    assert rows_of(({"inputs": tensors}, None)) == expected


def test_that_a_list_too_wide_for_columns_keeps_its_rest() -> None:
    values = list(range(WIDEST + 50))
    (row,) = rows_of(({"instances": [values]}, None))
    assert len(row) == WIDEST + 1 and row[f"feature_{WIDEST}"] == str(WIDEST - 1)
    assert json.loads(row["feature_rest"]) == values[WIDEST:]
    (row,) = rows_of(({"inputs": [{"name": "image", "shape": [1, len(values)], "data": values}]}, None))
    assert json.loads(row["image"]) == values


@pytest.mark.parametrize(("asked", "said", "expected"), [
    (2, [0.1, 0.2], [("0.1", None), ("0.2", None)]), (2, [0.1], [("0.1", None), (None, None)]),
    (1, [0.1, 0.9], [("1", "0.9")]), (1, [], [(None, None)]), (2, None, [(None, None), (None, None)]),
    (2, [[0.9, 0.1], [0.3, 0.7]], [("0", "0.9"), ("1", "0.7")]), (1, [[0.5, 0.2]], [("[0.5,0.2]", None)]),
    (1, [{"scores": [0.2, 0.8]}], [("1", "0.8")]), (1, [{"probability": [0.3]}], [(None, "0.3")]),
    (1, [{"prediction": [0.25, 0.75]}], [("1", "0.75")]), (1, [{"label": "a", "scores": [0.2, 0.8]}], [("a", "0.8")]),
])
def test_that_answers_go_to_their_instances(asked: int, said: Any, expected: list[tuple[Any, Any]]) -> None:
    body = None if said is None else {"predictions": said}
    rows = rows_of(({"instances": [{"n": n} for n in range(asked)]}, body))
    assert [(row.get("prediction"), row.get("score")) for row in rows] == expected


def test_that_a_body_of_any_shape_gives_the_same_whatever_may_occur_beside_it() -> None:
    bodies = [{"instances": [{"a": 1}]}, {"dataframe_split": {"columns": ["a"], "data": [[1]]}}, [1, 2], {"a": 1},
              {"inputs": [{"name": "a", "shape": [1], "data": [1]}]}, {"messages": [{"content": "hi"}]}]
    answers = [{"predictions": [1]}, {"outputs": [{"name": "y", "data": [1]}]}, 1, [1], {"choices": [], "usage": {}}]
    pairs = list(itertools.product(bodies, answers))
    assert rows_of(*pairs, shapes=EVERY_SHAPE) == [row for pair in pairs for row in rows_of(pair)]


def test_that_a_large_batch_is_as_many_rows_and_no_square_of_them() -> None:
    instances = [{"a": n, "b": f"x{n}"} for n in range(20_000)]
    split = {"dataframe_split": {"columns": ["a", "b"], "data": [[each["a"], each["b"]] for each in instances]}}
    columns = {"inputs": {"a": [each["a"] for each in instances], "b": [each["b"] for each in instances]}}
    tensor = {"inputs": [{"name": "a", "shape": [20_000], "data": [each["a"] for each in instances]}]}
    for body in ({"instances": instances}, split, columns, tensor):
        began = time.perf_counter()
        rows = rows_of((body, {"predictions": [n / 2 for n in range(20_000)]}))
        assert time.perf_counter() - began < 20        # of the square: minutes
        assert len(rows) == 20_000 and (rows[777]["a"], rows[777]["prediction"]) == ("777", "388.5")


def test_that_random_documents_never_stop_it() -> None:
    chance = random.Random(5)
    words = ["instances", "inputs", "predictions", "outputs", "data", "ndarray", "names", "dataframe_split", "columns",
             "messages", "choices", "usage", "content", "name", "shape", "score", "label", "features", "a", "b"]

    def document(depth: int) -> Any:
        kind = chance.randrange(7 if depth else 4)
        if kind < 4:
            return chance.choice([None, True, 0, -1.5, 2, "", "x", "[", "é"])
        if kind == 4:
            return [document(depth - 1) for _ in range(chance.randrange(4))]
        return {chance.choice(words): document(depth - 1) for _ in range(chance.randrange(1, 4))}

    pairs = [(document(4), document(4)) for _ in range(2000)]
    assert len(rows_of(*pairs, shapes=EVERY_SHAPE)) >= 2000


def test_that_a_key_of_the_body_is_an_input_whatever_it_is_called() -> None:
    hints = hints_of(["duration_ms", "status", "age", "user_id", "output.latency", "prediction", "own"], ("own",))
    assert (hints["duration_ms"].role, hints["status"].role) == (Role.FEATURE, Role.FEATURE)
    assert not {"age", "user_id", "own"} & hints.keys()        # as for any table
    assert hints["output.latency"].ignored and hints["prediction"].role is Role.PREDICTION
