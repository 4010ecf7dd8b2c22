"""Opens the bodies of requests and answers: a record for each instance, its keys beside those of the envelope.

Requests: `instances`, `dataframe_records`, `dataframe_split`, V2 `inputs` with name, shape and data, columns by name,
Seldon's `data.ndarray`, chat `messages`, lines of CSV, lists of numbers, a plain object. Answers: `predictions`, V2
`outputs`, CSV, chat `choices` with `usage`, objects and scalars. By expressions over JSON, no work per row in Python.
What has no known shape stays whole under `input`.

Where names meet the envelope wins, and the body's key becomes `input.<key>`. Of an answer, what the model said is
`prediction` and `score`; its other keys become `output.<key>`, so that none of them is taken for a feature. A null
prediction stays null: it is a null response. Of probabilities of classes `score` is the greatest and `prediction` its
place, from 0. The answer of a language model has tokens and the reason why it ended; its `prediction` says what came
back ("text", "tool calls", "refusal"), and is missing when nothing did.
"""

from __future__ import annotations

import base64
import contextlib
import re
from collections.abc import Collection, Iterable
from enum import Enum
from functools import cache

from console.logs import roles
from console.logs.formats.form import Hint
from console.roles import ColumnType, Role
from console.store.names import literal

WIDEST = 200
"""Values of one list that become columns of their own: no more features are rolled up. The rest stays a list."""

LONGEST_ANSWER = 20
"""Values of an answer that is kept whole as the prediction; of a longer one (an embedding) it has the number only."""

ANSWER_KEYS = ("prediction", "score", "finish_reason", "prompt_tokens", "completion_tokens", "answer_chars")

SAID = ("prediction", "predictions", "predicted_label", "predicted_class", "predicted_value", "pred", "y_pred", "yhat",
        "label", "class", "class_label", "category", "result", "value", "output", "outputs", "generated_text", "answer")
"""Keys of an answer that hold what the model said, the surest first."""

SCORED = ("score", "probability", "prob", "proba", "confidence", "p_click", "click_probability",
          "predicted_probability", "y_pred_proba", "prediction_score", "probabilities", "scores")

FAULTS = ("error", "errors", "error_code", "message", "detail", "error_message")
"""Keys of an answer that speaks of a failure: alone they are no prediction."""

TALK = ("choices", "usage", "usageMetadata", "candidates", "stop_reason")
"""Keys of a language model's answer."""

NUMBER = "-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?"
"""How JSON writes numbers."""

NUMBERED = "nm_ || '_' || j_"
"""The name of one of several values that a tensor has for a row."""

ROUNDED = 0.02
"""By so much may the sum of classes' probabilities miss 1."""

LATE_ROLES = (Role.LATENCY, Role.TIME_TO_FIRST_TOKEN, Role.STATUS, Role.HOST, Role.LABEL, Role.CLICKED, Role.CHURNED,
              Role.ARRIVAL_TIME, Role.OUTCOME_TIME, Role.TIMESTAMP, Role.REQUEST_ID, Role.SAMPLING_FRACTION,
              Role.PREDICTION, Role.SCORE, Role.MODEL, Role.MODEL_VERSION)
"""What is known only after the request was sent, or by the server: a key of a request's body is never one of these."""


class Shape(Enum):
    """Shapes of bodies whose expressions take long to plan, and the words that are in each body of that shape."""

    JSON = (b"{",)
    CSV = (b"csv", b"CSV")
    SPLIT = (b"dataframe_split",)
    TENSORS = (b"inputs", b"outputs")
    NDARRAY = (b"ndarray",)
    TALK = (b"messages", b"choices", b"usage", b"candidates", b"stop_reason")


EVERY_SHAPE = frozenset(Shape)
"""For bodies whose text cannot be searched, for it is encoded."""


def shapes_in(text: bytes) -> frozenset[Shape]:
    """Those that may occur in it."""
    return frozenset(shape for shape in Shape if any(word in text for word in shape.value))


SEARCHED_BYTES = 1 << 20
"""Up to so much, encoded bodies are looked into for their shapes. What is longer takes long in any case."""

ENCODED = re.compile(rb'"(?:[bB]ytes|data|data_base64)" ?: ?"([A-Za-z0-9+/]{8,}=*)"')


def shapes_encoded_in(text: bytes) -> frozenset[Shape]:
    """Those that may occur in bodies that are base64, or beside them."""
    if len(text) > SEARCHED_BYTES:
        return EVERY_SHAPE
    bodies = [text]
    for found in ENCODED.finditer(text):
        with contextlib.suppress(ValueError):
            bodies.append(base64.b64decode(found[1]))
    return shapes_in(b"\n".join(bodies))


def text_list(texts: Iterable[str]) -> str:
    """A list of them."""
    return "[" + ", ".join(literal(text) for text in texts) + "]::VARCHAR[]"


def pointer(key: str) -> str:
    """The JSON pointer to the key that an expression gives."""
    return f"('/' || replace(replace({key}, '~', '~0'), '/', '~1'))"


def inner(o: str) -> str:
    """The members of an object, without its braces; NULL when there are none."""
    return f"nullif(substr({o}, 2, length({o}) - 2), '')"


def name(text: str) -> str:
    """A text as JSON, with its colon: the beginning of a member."""
    return f"to_json({text}) || ':'"


def elements(x: str) -> str:
    """The members of an array, or the value alone."""
    return f"CASE WHEN json_type({x}) = 'ARRAY' THEN json_extract({x}, '$[*]') ELSE [{x}] END"


def listed(x: str) -> str:
    """The members of an array; of anything else none."""
    return f"CASE WHEN json_type({x}) = 'ARRAY' THEN json_extract({x}, '$[*]') ELSE [] END"


def csv_lines(text: str) -> str:
    """Lines of CSV, each an array of its fields."""
    fields = ("CASE WHEN contains(t_, '\"') THEN list_transform("
              "regexp_extract_all(',' || t_, ',(\"(?:[^\"]|\"\")*\"|[^,]*)', 1), lambda c_: CASE "
              "WHEN starts_with(c_, '\"') THEN replace(substr(c_, 2, length(c_) - 2), '\"\"', '\"') "
              "ELSE trim(c_) END) ELSE list_transform(string_split(t_, ','), lambda c_: trim(c_)) END")
    cells = (f"list_transform({fields}, lambda c_: CASE WHEN c_ = '' THEN 'null' "
             f"WHEN regexp_full_match(c_, '{NUMBER}') THEN c_ ELSE to_json(c_)::VARCHAR END)")
    lines = f"string_split(rtrim(replace({text}, chr(13), ''), chr(10)), chr(10))"
    return f"list_transform({lines}, lambda t_: '[' || array_to_string({cells}, ',') || ']')"


def side_by_side(columns: str) -> str:
    """Objects from columns of members: a list for each column, of texts such as `"a":1`.

    By taking one column after the other to what is there: an expression for a row that looks into whole columns would
    hand all of them to every row.
    """
    return (f"list_transform(list_reduce({columns}, lambda a_, b_: list_transform(list_zip(a_, b_), "
            "lambda p_: concat_ws(',', p_[1], p_[2])), []::VARCHAR[]), lambda m_: '{' || m_ || '}')")


def tabled(names: str, rows: str) -> str:
    """Objects from names JSON[] and rows, each an array; without names the arrays as they are."""
    plain = f"list_transform({names}, lambda n_: json_extract_string(n_, '$'))"
    cells = f"list_resize({listed('w_')}, len(h_))"
    member = f"{name('p_[1]')} || coalesce(p_[2], 'null')"
    return (f"CASE WHEN coalesce(len({names}), 0) = 0 THEN {rows} ELSE list_transform([{plain}], lambda h_: "
            f"list_transform({rows}, lambda w_: '{{' || array_to_string(list_transform(list_zip(h_, {cells}), "
            f"lambda p_: {member}), ',') || '}}'))[1] END")


def by_name(x: str) -> str:
    """Objects from an object of lists: a column under each key."""
    column = elements(f"json_extract({x}, {pointer('k_')})")
    columns = (f"list_transform(json_keys({x}), lambda k_: list_transform({column}, "
               f"lambda v_: {name('k_')} || v_))")
    return side_by_side(columns)


def tensors(x: str, *, spread: bool) -> str:
    """Objects from V2 tensors: data in the order of the rows, flat or nested. `spread`: a row's values get columns.

    A tensor of shape [n, k] has k values a row; nested data has a list for each row already.
    """
    width = "(len(data_) // many_)"
    flat = "coalesce(many_ > 0 AND len(data_) > many_ AND len(data_) % many_ = 0, false)"
    strided = (f"list_transform(range(1, {width} + 1), lambda j_: list_transform(data_[j_:len(data_):{width}], "
               f"lambda v_: {name(NUMBERED)} || v_))")
    whole = (f"list_transform(range(many_), lambda r_: {name('nm_')} || '[' || array_to_string("
             f"data_[r_ * {width} + 1 : (r_ + 1) * {width}], ',') || ']')")
    wide = (f"array_to_string(list_transform({listed('v_')}, lambda e_, j_: {name(NUMBERED)} || e_), ',')"
            if spread else f"{name('nm_')} || v_")
    nested = (f"list_transform(data_, lambda v_: CASE WHEN json_type(v_) <> 'ARRAY' THEN {name('nm_')} || v_ "
              f"WHEN json_array_length(v_) = 1 THEN {name('nm_')} || json_extract(v_, '$[0]') "
              f"WHEN json_array_length(v_) BETWEEN 2 AND {WIDEST} THEN {wide} ELSE {name('nm_')} || v_ END)")
    columns = (f"CASE WHEN NOT ({flat}) THEN [{nested}] WHEN {spread} AND {width} <= {WIDEST} THEN {strided} "
               f"ELSE [{whole}] END")
    many = "nullif(TRY_CAST(json_extract_string(z_, '$.shape[0]') AS BIGINT), 0)"
    label = "coalesce(json_extract_string(z_, '$.name'), 'tensor')"
    columns = f"list_transform([{label}], lambda nm_: {columns})[1]"
    columns = f"list_transform([{many}], lambda many_: {columns})[1]"
    columns = f"list_transform([json_extract(z_, '$.data[*]')], lambda data_: {columns})[1]"
    return side_by_side(f"flatten(list_transform({listed(x)}, lambda z_: {columns}))")


def instances(q: str, kind: str, keys: str, shapes_met: frozenset[Shape]) -> str:
    """A list with the JSON of each instance of a request's body."""
    def has(key: str) -> str:
        return f"list_contains({keys}, '{key}')"

    def at(path: str) -> str:
        return f"json_extract({q}, '$.{path}')"

    chat = (f"['{{' || concat_ws(',', {inner(q)}, '\"n_messages\":' || json_array_length({at('messages')}), "
            f"'\"prompt_chars\":' || coalesce(list_sum(list_transform(json_extract_string({q}, "
            f"'$.messages[*].content'), lambda m_: length(m_))), 0)) || '}}']")
    array = (f"CASE WHEN list_bool_or(list_transform({listed(q)}, lambda e_: json_type(e_) IN ('OBJECT', 'ARRAY'))) "
             f"THEN {listed(q)} ELSE [{q}] END")
    shapes = [
        f"WHEN {has('instances')} THEN {elements(at('instances'))}",
        f"WHEN {has('dataframe_records')} THEN {elements(at('dataframe_records'))}"]
    if Shape.SPLIT in shapes_met:
        shapes.append(f"WHEN {has('dataframe_split')} THEN "
                      f"{tabled(listed(at('dataframe_split.columns')), listed(at('dataframe_split.data')))}")
    if Shape.TENSORS in shapes_met:
        shapes.append(
            f"WHEN {has('inputs')} THEN CASE WHEN json_type({at('inputs')}) = 'ARRAY' AND "
            f"json_type({at('inputs[0].data')}) IS NOT NULL THEN {tensors(at('inputs'), spread=True)} "
            f"WHEN json_type({at('inputs')}) = 'OBJECT' THEN {by_name(at('inputs'))} "
            f"ELSE {elements(at('inputs'))} END")
    if Shape.TALK in shapes_met:
        shapes.append(f"WHEN json_type({at('messages')}) = 'ARRAY' THEN {chat}")
    if Shape.NDARRAY in shapes_met:
        shapes.append(f"WHEN json_type({at('data.ndarray')}) = 'ARRAY' THEN "
                      f"{tabled(listed(at('data.names')), listed(at('data.ndarray')))}")
    shapes.append(f"WHEN len({keys}) = 1 AND json_type({at('features')}) = 'ARRAY' THEN [{at('features')}]")
    return (f"CASE {kind} WHEN 'OBJECT' THEN CASE {' '.join(shapes)} ELSE [{q}] END "
            f"WHEN 'ARRAY' THEN {array} ELSE [{q}] END")


def answers(r: str, kind: str, keys: str, shapes_met: frozenset[Shape]) -> str:
    """A list with the JSON of each answer in a response's body."""
    def has(key: str) -> str:
        return f"list_contains({keys}, '{key}')"

    def at(path: str) -> str:
        return f"json_extract({r}, '$.{path}')"

    shapes = [f"WHEN {has('predictions')} THEN {elements(at('predictions'))}"]
    if Shape.TENSORS in shapes_met:
        shapes.append(
            f"WHEN {has('outputs')} THEN CASE WHEN json_type({at('outputs')}) = 'ARRAY' AND "
            f"json_type({at('outputs[0].data')}) IS NOT NULL THEN {tensors(at('outputs'), spread=False)} "
            f"WHEN json_type({at('outputs')}) = 'OBJECT' THEN {by_name(at('outputs'))} "
            f"ELSE {elements(at('outputs'))} END")
    if Shape.NDARRAY in shapes_met:
        shapes.append(f"WHEN json_type({at('data.ndarray')}) = 'ARRAY' THEN "
                      f"{tabled(listed(at('data.names')), listed(at('data.ndarray')))}")
    return (f"CASE {kind} WHEN 'OBJECT' THEN CASE {' '.join(shapes)} ELSE [{r}] END "
            f"WHEN 'ARRAY' THEN {listed(r)} ELSE [{r}] END")


def _features(cells: str) -> str:
    """An object of values without names: feature_1 and so on."""
    return (f"'{{' || array_to_string(list_transform({cells}[1:{WIDEST}], "
            f"lambda e_, j_: '\"feature_' || j_ || '\":' || e_), ',') || CASE WHEN len({cells}) > {WIDEST} "
            f"THEN ',\"feature_rest\":[' || array_to_string({cells}[{WIDEST + 1}:], ',') || ']' ELSE '' END || '}}'")


def _plain(taken: str) -> str:
    """The members of `o`, objects in it opened by one level, names that the envelope has under `input.`."""
    value = f"json_extract(o, {pointer('m_')})"
    new = (f"CASE WHEN list_contains({taken}, m_) OR regexp_matches(m_, '^(in|out)put[.]') THEN 'input.' || m_ "
           "ELSE m_ END")
    dotted = "m_ || '.' || d_"
    deep = (f"array_to_string(list_transform(json_keys({value}), lambda d_: {name(dotted)} || "
            f"json_extract({value}, {pointer('d_')})), ',')")
    member = (f"CASE WHEN json_type({value}) = 'OBJECT' AND len(json_keys({value})) > 0 THEN {deep} "
              f"ELSE {name(f'({new})')} || {value} END")
    return (f"CASE WHEN contains(substr(o, 2), '{{') OR list_has_any(json_keys(o), {taken}) OR contains(o, '\"input.') "
            f"OR contains(o, '\"output.') THEN '{{' || array_to_string(list_transform(json_keys(o), "
            f"lambda m_: {member}), ',') || '}}' ELSE o END")


def _first_text(y: str, *paths: str) -> str:
    return "coalesce(" + ", ".join(f"nullif(json_extract_string({y}, '$.{path}'), 'null')" for path in paths) + ")"


def _talk(y: str) -> str:
    """Members of a language model's answer."""
    said = _first_text(y, "choices[0].message.content", "choices[0].text", "content[0].text",
                       "candidates[0].content.parts[0].text")
    calls = (f"coalesce(json_array_length(json_extract({y}, '$.choices[0].message.tool_calls')), 0) > 0 OR "
             f"json_extract_string({y}, '$.content[0].type') = 'tool_use' OR "
             f"json_exists({y}, '$.candidates[0].content.parts[0].functionCall')")
    came = (f"CASE WHEN {calls} THEN '\"tool calls\"' WHEN coalesce(json_extract_string({y}, "
            f"'$.choices[0].message.refusal'), '') <> '' THEN '\"refusal\"' "
            f"WHEN coalesce({said}, '') <> '' THEN '\"text\"' ELSE 'null' END")
    ended = _first_text(y, "choices[0].finish_reason", "stop_reason", "candidates[0].finishReason")
    given = _first_text(y, "usage.prompt_tokens", "usage.input_tokens", "usageMetadata.promptTokenCount")
    made = _first_text(y, "usage.completion_tokens", "usage.output_tokens", "usageMetadata.candidatesTokenCount")
    return (f"concat_ws(',', '\"prediction\":' || {came}, '\"finish_reason\":' || coalesce(to_json({ended}), 'null'), "
            f"'\"prompt_tokens\":' || coalesce(TRY_CAST({given} AS BIGINT)::VARCHAR, 'null'), "
            f"'\"completion_tokens\":' || coalesce(TRY_CAST({made} AS BIGINT)::VARCHAR, 'null'), "
            f"'\"answer_chars\":' || coalesce(length({said}), 0), {_others('yk')})")


def _others(keys: str) -> str:
    """Members of an answer under `output.`; NULL without any."""
    label = "'output.' || m_"
    return (f"nullif(array_to_string(list_transform({keys}, lambda m_: {name(label)} || "
            f"json_extract(y, {pointer('m_')})), ','), '')")


@cache
def opened(source: str, id_key: str, own: tuple[str, ...], shapes: frozenset[Shape], *, halves: bool = False,
           several: bool = False) -> str:
    """A SELECT for `SqlCutter` that gives i, k, ignored, bad, half and `o`, a record for each instance.

    source   a SELECT of: i; ignored, bad (see SqlCutter); half (NULL when rows are whole events); id, of the request;
             env, a JSON object of fields that all instances share; once, one of fields that only the first has
             (latency, status: a batch took its time once); req and res, bodies as text, either may be NULL;
             req_csv and res_csv, whether these are CSV and not JSON; with `several` also e, the place of a record
             among those of its line, from 1
    id_key   the field of the request's id. In a batch the k-th has `<id>-item-<k>`
    own      the fields of env and once, which win over keys of the body
    shapes   those that may occur: an expression for one that does not costs its planning
    """
    taken = text_list(dict.fromkeys([id_key, *own, "batch_size", *ANSWER_KEYS]))
    half = ", half" if halves else ""
    order = "e * 10000000 + k" if several else "k"
    sure = f"abs(list_sum(ps) - 1) <= {ROUNDED} AND list_min(ps) >= 0 AND list_max(ps) <= 1"
    asked_csv = f" WHEN req_csv THEN {csv_lines('req')}" if Shape.CSV in shapes else ""
    said_csv = (f" WHEN res_csv THEN list_transform({csv_lines('res')}, lambda a_: CASE WHEN json_array_length(a_) = 1 "
                f"THEN json_extract(a_, '$[0]') ELSE a_ END)" if Shape.CSV in shapes else "")
    talk = f"WHEN talk THEN {_talk('y')}" if {Shape.JSON, Shape.TALK} <= shapes else ""
    if Shape.JSON in shapes:
        asked, answered = instances("q", "qt", "qk", shapes), answers("r", "rt", "rk", shapes)
        keyed, plain = _keyed(), _plain(taken)
        others = _others("list_filter(yk, lambda m_, j_: j_ IS DISTINCT FROM pk AND j_ IS DISTINCT FROM sk)")
    else:
        asked = answered = "[]"
        keyed, plain, others = "SELECT *, y AS pv, NULL::JSON AS sv FROM told", "o", "NULL"
    return f"""
WITH source AS ({source}),
typed AS (
    SELECT *, json_type(q) AS qt, json_keys(q) AS qk, json_type(r) AS rt, json_keys(r) AS rk
    FROM (SELECT *, CASE WHEN NOT req_csv AND json_valid(req) THEN req END AS q,
                 CASE WHEN NOT res_csv AND json_valid(res) THEN res END AS r FROM source)),
parts AS (
    SELECT * EXCLUDE (req, res, q, r, qt, qk, rt, rk),
        (CASE WHEN ignored IS NOT NULL OR bad IS NOT NULL OR req IS NULL THEN []{asked_csv}
              WHEN q IS NULL THEN [to_json(req)] ELSE {asked} END)::VARCHAR[] AS xs,
        (CASE WHEN ignored IS NOT NULL OR bad IS NOT NULL OR res IS NULL THEN []{said_csv}
              WHEN r IS NULL THEN [CASE WHEN res = '' THEN 'null' ELSE to_json(res) END]
              ELSE {answered} END)::VARCHAR[] AS ys
    FROM typed),
paired AS (
    SELECT * EXCLUDE (xs, ys), xs, CASE
        WHEN len(xs) > 1 AND len(ys) = 1 AND json_type(ys[1]) = 'ARRAY' AND json_array_length(ys[1]) = len(xs)
        THEN json_extract(ys[1], '$[*]')::VARCHAR[]
        WHEN len(xs) = 1 AND len(ys) > 1 THEN ['[' || array_to_string(ys, ',') || ']'] ELSE ys END AS ys
    FROM parts),
spread AS (
    SELECT * EXCLUDE (xs, ys), unnest(list_zip(range(1, n + 1), xs, ys)) AS z
    FROM (SELECT *, CASE WHEN len(xs) = 0 THEN greatest(len(ys), 1) ELSE greatest(len(xs), len(ys)) END AS n
          FROM paired)),
told AS (
    SELECT * EXCLUDE (z), z[1] AS k, z[3] AS y,
        CASE json_type(z[2]) WHEN 'OBJECT' THEN z[2] WHEN 'ARRAY' THEN {_features(listed('z[2]'))}
             WHEN 'NULL' THEN '{{}}' ELSE '{{"input":' || z[2] || '}}' END AS o
    FROM spread),
valued AS (
    SELECT *, CASE WHEN json_type(pv) = 'ARRAY' THEN pv WHEN json_type(sv) = 'ARRAY' THEN sv END AS many
    FROM (SELECT * EXCLUDE (pv, sv),
              CASE WHEN json_type(pv) = 'ARRAY' AND json_array_length(pv) = 1 THEN json_extract(pv, '$[0]')
                   ELSE pv END AS pv,
              CASE WHEN json_type(sv) = 'ARRAY' AND json_array_length(sv) = 1 THEN json_extract(sv, '$[0]')
                   ELSE sv END AS sv
          FROM ({keyed}))),
weighed AS (
    SELECT *, CASE WHEN many IS NOT NULL AND len(ps) >= 2 AND list_aggregate(ps, 'count') = len(ps) AND {sure}
                   THEN list_position(ps, list_max(ps)) END AS top
    FROM (SELECT *, CASE WHEN many IS NOT NULL THEN TRY_CAST(many AS DOUBLE[]) END AS ps FROM valued)),
spoken AS (
    SELECT * EXCLUDE (o), {plain} AS o, CASE WHEN y IS NULL THEN NULL {talk}
        ELSE concat_ws(',',
            '"prediction":' || CASE WHEN top IS NOT NULL AND (json_type(pv) = 'ARRAY' OR pv IS NULL) THEN top - 1
                WHEN json_type(pv) = 'ARRAY' AND json_array_length(pv) > {LONGEST_ANSWER}
                THEN '"' || json_array_length(pv) || ' values"' ELSE pv END,
            '"score":' || CASE WHEN top IS NOT NULL AND (sv IS NULL OR json_type(sv) = 'ARRAY') THEN ps[top]
                WHEN json_type(sv) = 'ARRAY' THEN NULL ELSE sv END,
            '"output.values":' || many, {others}) END AS a
    FROM weighed)
SELECT i, {order} AS k, ignored, bad{half}, '{{' || concat_ws(',',
    {literal(f'"{id_key}":')} || coalesce(to_json(CASE WHEN n > 1 THEN id || '-item-' || k ELSE id END), 'null'),
    {inner('env')}, CASE WHEN k = 1 THEN {inner('once')} END, '"batch_size":' || n, {inner('o')}, nullif(a, ''))
    || '}}' AS o FROM spoken"""


def _keyed() -> str:
    """Of answers with keys, what the model said (`pv`) and its score (`sv`); of all others the answer itself."""
    said, scored, faults = text_list(SAID), text_list(SCORED), text_list(FAULTS)
    return f"""
        SELECT *, CASE WHEN yt = 'OBJECT' THEN json_extract(y, {pointer('yk[pk]')}) ELSE y END AS pv,
            CASE WHEN yt = 'OBJECT' THEN json_extract(y, {pointer('yk[sk]')}) END AS sv
        FROM (SELECT *, yt = 'OBJECT' AND list_has_any(yk, {text_list(TALK)}) AS talk,
                  CASE WHEN yt = 'OBJECT' THEN list_position(yl, coalesce(
                      list_filter({said}, lambda m_: list_contains(yl, m_))[1],
                      CASE WHEN len(yl) = 1 AND NOT list_has_any(yl, {faults}) AND NOT list_has_any(yl, {scored})
                           THEN yl[1] END)) END AS pk,
                  CASE WHEN yt = 'OBJECT' THEN
                      list_position(yl, list_filter({scored}, lambda m_: list_contains(yl, m_))[1]) END AS sk
              FROM (SELECT *, json_type(y) AS yt, json_keys(y) AS yk,
                        list_transform(json_keys(y), lambda m_: lower(m_)) AS yl FROM told))"""


def hints_of(columns: Iterable[str], own: Collection[str]) -> dict[str, Hint]:
    """What is known of the fields that `opened` made: answers are no features, and inputs are no latencies."""
    hints = {
        "prediction": Hint(Role.PREDICTION, why="What the model answered"),
        "score": Hint(Role.SCORE, why="The model's score"),
        "prompt_tokens": Hint(Role.INPUT_TOKENS, ColumnType.NUMBER, "tokens", why="Tokens that went in"),
        "completion_tokens": Hint(Role.OUTPUT_TOKENS, ColumnType.NUMBER, "tokens", why="Tokens that came out"),
        "finish_reason": Hint(ignored=True, why="Why the answer ended"),
        "answer_chars": Hint(ignored=True, why="Letters of the answer"),
        "batch_size": Hint(ignored=True, why="Instances in the request that this one came with"),
    }
    late = [rule for rule in roles.RULES if rule.role in LATE_ROLES]
    for column in columns:
        if column in own or column in hints:
            continue
        if column.startswith("output."):
            hints[column] = Hint(ignored=True, why="Part of the answer")
        elif any(roles.matches(pattern, column) for rule in late for pattern in rule.names.split()):
            hints[column] = Hint(Role.FEATURE, why="Part of the request's body")
    return hints
