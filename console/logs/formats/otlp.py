"""OpenTelemetry's exports as JSON lines: the traces, and what its three signals share. A line is one export of many.

A span of kind SERVER is a request. What a model did within it stands in a child (kind CLIENT or INTERNAL with gen_ai
attributes): the second half of the same trace, an event of its own where no server span is exported. So is a span
without a parent that serves nothing: a job, a client that is measured. All other children would count a request twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from console.logs.formats.cutting import SqlCutter
from console.logs.formats.form import Cutter, Hint, Known, LogFormat, Look
from console.logs.plan import FilePlan
from console.roles import ColumnType, Role, StreamKind, TimeFormat
from console.store.names import literal

CHILD = "child span"
EMPTY = "an export of nothing"
MOST_ATTRIBUTES = 2000
LINE_BYTES = 64 << 20           # a Collector exports thousands of spans in one line

ATTRIBUTES = [{"key": "VARCHAR", "value": {
    "stringValue": "VARCHAR", "intValue": "VARCHAR", "doubleValue": "VARCHAR", "boolValue": "VARCHAR",
    "arrayValue": "JSON", "kvlistValue": "JSON", "bytesValue": "VARCHAR"}}]

_SPAN = {"traceId": "VARCHAR", "spanId": "VARCHAR", "parentSpanId": "VARCHAR", "name": "VARCHAR", "kind": "VARCHAR",
         "startTimeUnixNano": "VARCHAR", "endTimeUnixNano": "VARCHAR", "attributes": ATTRIBUTES,
         "status": {"code": "VARCHAR", "message": "VARCHAR"}}

RENAMED = {
    "http.method": "http.request.method", "http.status_code": "http.response.status_code", "http.target": "url.path",
    "http.url": "url.full", "http.scheme": "url.scheme", "http.host": "server.address",
    "http.client_ip": "client.address", "http.user_agent": "user_agent.original", "net.host.name": "server.address",
    "net.host.port": "server.port", "net.peer.name": "server.address", "net.peer.port": "server.port",
    "net.sock.peer.addr": "network.peer.address", "net.peer.ip": "network.peer.address",
    "http.request_content_length": "http.request.body.size", "http.response_content_length": "http.response.body.size",
    "gen_ai.system": "gen_ai.provider.name", "gen_ai.usage.prompt_tokens": "gen_ai.usage.input_tokens",
    "gen_ai.usage.completion_tokens": "gen_ai.usage.output_tokens", "llm.model_name": "gen_ai.request.model",
    "llm.request.type": "gen_ai.operation.name", "llm.token_count.prompt": "gen_ai.usage.input_tokens",
    "llm.token_count.completion": "gen_ai.usage.output_tokens", "llm.provider": "gen_ai.provider.name",
    "db.system": "db.system.name", "db.statement": "db.query.text", "db.operation": "db.operation.name",
    "db.name": "db.namespace", "db.sql.table": "db.collection.name", "messaging.operation": "messaging.operation.type",
    "deployment.environment": "deployment.environment.name",
}
"""Names before the conventions settled, and those of OpenInference."""

NO_INPUTS = ("http.", "url.", "server.", "client.", "network.", "net.", "user_agent.", "rpc.", "service.", "telemetry.",
             "k8s.", "host.", "process.", "os.", "container.", "deployment.", "db.", "messaging.", "code.", "thread.",
             "exception.", "error.", "otel.", "cloud.", "faas.", "aws.", "gcp.", "azure.", "peer.", "webengine.",
             "gen_ai.response.", "gen_ai.latency.", "gen_ai.provider.", "gen_ai.operation.", "gen_ai.conversation.",
             "gen_ai.agent.", "gen_ai.tool.", "gen_ai.output.", "gen_ai.input.", "gen_ai.system_instructions",
             "openai.", "event.", "enduser.", "session.", "traceloop.", "openinference.", "log.", "library.")
"""Attributes that begin so describe the transport, the process or the answer: no input of a model."""

TOKENS_IN, TOKENS_OUT = "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"


# ------------------------------------------------------------------ attributes

def keys_sql(attributes: str) -> str:
    """The names of a list of attributes, as they are called now."""
    renamed = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in RENAMED.items())
    return f"list_transform({_usable(attributes)}, lambda t: CASE t.key {renamed} ELSE t.key END)"


def values_sql(attributes: str) -> str:
    """Their values, each as JSON text. Whole numbers of 64 bits are text in an export, and numbers here."""
    number = r"'-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?'"
    told = "coalesce(t.value.intValue, t.value.doubleValue)"
    return f"""list_transform({_usable(attributes)}, lambda t: CASE
        WHEN t.value.stringValue IS NOT NULL THEN to_json(t.value.stringValue)::VARCHAR
        WHEN regexp_full_match({told}, {number}) THEN {told}
        WHEN {told} IS NOT NULL THEN to_json({told})::VARCHAR
        WHEN t.value.boolValue IN ('true', 'false') THEN t.value.boolValue
        WHEN t.value.arrayValue IS NOT NULL THEN to_json(json_extract(t.value.arrayValue, '$.values[*].*'))::VARCHAR
        ELSE coalesce(t.value.kvlistValue::VARCHAR, to_json(t.value.bytesValue)::VARCHAR, 'null') END)"""


def _usable(attributes: str) -> str:
    return f"list_filter(coalesce({attributes}, []), lambda t: t.key IS NOT NULL)"


def of_attributes(keys: str, values: str, *names: str) -> str:
    """The text of the first of these attributes that is there."""
    found = ", ".join(f"json_extract_string({values}[list_position({keys}, {literal(name)})], '$')" for name in names)
    return f"coalesce({found})"


def object_sql(own: Mapping[str, str], keys: str, values: str) -> str:
    """A JSON object of these expressions, and of all attributes whose names are not taken yet."""
    fields = [f"CASE WHEN ({expression}) IS NOT NULL THEN {literal(json.dumps(name) + ':')} || "
              f"to_json({expression})::VARCHAR END" for name, expression in own.items()]
    taken = ", ".join(literal(name) for name in own)
    rest = (f"list_transform(list_filter(range(1, len({keys}) + 1), lambda n: list_position({keys}, {keys}[n]) = n "
            f"AND {keys}[n] NOT IN ({taken})), lambda n: to_json({keys}[n])::VARCHAR || ':' || {values}[n])")
    return f"'{{' || array_to_string(list_concat([{', '.join(fields)}], {rest}), ',') || '}}'"


HOST = ("k8s.pod.name", "host.name", "service.instance.id", "container.id", "host.id")


def unnested(signal: str, scopes: Iterable[str], items: str, item: Mapping[str, object]) -> str:
    """The tables `items` (i, k, rk, rv, x) and `nothing` (i): what the exports of a block hold, with the attributes
    of its resource; and the lines that hold none.
    """
    scope = [{items: [item]}]
    resource = {"resource": {"attributes": ATTRIBUTES}, **dict.fromkeys(scopes, scope)}
    shape = json.dumps({signal: [resource]})
    inner = f"coalesce({', '.join(f'r.{name}' for name in scopes)})"
    return f"""
    exports AS MATERIALIZED (
        SELECT i, json_transform(l, {literal(shape)}).{signal} AS e FROM lines
        WHERE json_type(l, '$.{signal}') = 'ARRAY'),
    resources AS (SELECT i, generate_subscripts(e, 1) AS a, unnest(e) AS r FROM exports),
    described AS (
        SELECT i, a, {inner} AS s, list_filter({keys_sql('r.resource.attributes')},
               lambda name: name NOT LIKE 'telemetry.%') AS rk,
               {values_sql("list_filter(r.resource.attributes, lambda t: t.key NOT LIKE 'telemetry.%')")} AS rv
        FROM resources),
    scopes AS (SELECT i, a, generate_subscripts(s, 1) AS b, unnest(s) AS s, rk, rv FROM described),
    items AS MATERIALIZED (
        SELECT i, (a * 2097152 + b) * 2097152 + c AS k, x, rk, rv FROM (
            SELECT i, a, b, rk, rv, generate_subscripts(s.{items}, 1) AS c, unnest(s.{items}) AS x FROM scopes)),
    nothing AS (SELECT i FROM exports WHERE i NOT IN (SELECT i FROM items))"""


# ------------------------------------------------------------------ traces

_KIND = ("CASE upper(x.kind) WHEN '2' THEN 2 WHEN 'SPAN_KIND_SERVER' THEN 2 WHEN '3' THEN 3 WHEN 'SPAN_KIND_CLIENT' "
         "THEN 3 WHEN '4' THEN 4 WHEN 'SPAN_KIND_PRODUCER' THEN 4 WHEN '5' THEN 5 WHEN 'SPAN_KIND_CONSUMER' THEN 5 "
         "ELSE 1 END")


def _spans() -> str:
    code = of_attributes("k", "v", "http.response.status_code")
    failed = "upper(x.status.code) IN ('2', 'STATUS_CODE_ERROR')"
    tokens = f"TRY_CAST({of_attributes('k', 'v', TOKENS_OUT)} AS DOUBLE)"
    reasons = of_attributes("k", "v", "gen_ai.response.finish_reasons")
    own = {
        "trace_id": "trace", "span_id": "x.spanId", "name": "x.name",
        "kind": "CASE kind WHEN 2 THEN 'server' WHEN 3 THEN 'client' WHEN 4 THEN 'producer' WHEN 5 THEN 'consumer' "
                "ELSE 'internal' END",
        "start_time": "x.startTimeUnixNano",
        "duration_ms": "(TRY_CAST(x.endTimeUnixNano AS BIGINT) - TRY_CAST(x.startTimeUnixNano AS BIGINT)) / 1e6",
        "status": f"CASE WHEN {failed} AND coalesce(TRY_CAST({code} AS DOUBLE) < 500, true) THEN 'error' "
                  f"ELSE coalesce({code}, 'ok') END",
        "status_message": "nullif(x.status.message, '')",
        "host": of_attributes("k", "v", *HOST),
        "prediction": f"CASE WHEN {reasons} LIKE '%tool_call%' THEN 'tool calls' WHEN {tokens} > 0 THEN 'text' END",
    }
    return f"""
    WITH {unnested("resourceSpans", ("scopeSpans", "instrumentationLibrarySpans"), "spans", _SPAN)},
    named AS (
        SELECT i, k AS place, x, {_KIND} AS kind, nullif(x.traceId, '') AS trace, rk, rv,
               {keys_sql('x.attributes')} AS sk, {values_sql('x.attributes')} AS sv
        FROM items),
    told AS (
        SELECT i, place, x, kind, trace, list_concat(sk, rk) AS k, list_concat(sv, rv) AS v,
               CASE WHEN kind IN (2, 5) THEN 0
                    WHEN kind <> 4 AND len(list_filter(sk, lambda name: starts_with(name, 'gen_ai.'))) > 0 THEN 1
                    WHEN kind <> 4 AND coalesce(x.parentSpanId, '') IN ('', '0000000000000000')
                         AND len(list_filter(sk, lambda name: starts_with(name, 'db.') OR
                                                              starts_with(name, 'messaging.'))) = 0 THEN 1 END AS half
        FROM named)
    SELECT i, place AS k, CASE WHEN x IS NOT NULL AND half IS NULL THEN '{CHILD}' END AS ignored,
        CASE WHEN x IS NULL THEN 'no span' WHEN trace IS NULL THEN 'a span without a trace'
             WHEN len(k) > {MOST_ATTRIBUTES} THEN 'more than {MOST_ATTRIBUTES} attributes' END AS bad,
        half::TINYINT AS half,
        CASE WHEN half IS NOT NULL AND len(k) <= {MOST_ATTRIBUTES} THEN {object_sql(own, 'k', 'v')} END AS o
    FROM told
    UNION ALL SELECT i, 0, '{EMPTY}', NULL, NULL, NULL FROM nothing"""


class OtlpTraces(LogFormat):
    """Spans of servers, with what their children know of the model."""

    name = "otlp-traces"
    title = "OpenTelemetry traces"
    kind = StreamKind.REQUESTS
    half_of = "otlp-traces"
    line_bytes = LINE_BYTES
    opening = '{"resourceSpans":'

    def recognise(self, look: Look) -> Known | None:
        """By the key around all exports."""
        share = look.share_of_records(lambda record: "resourceSpans" in record)
        return Known(share, "Lines with resourceSpans: exports of OpenTelemetry") if share else None

    def cutter(self, file: FilePlan) -> Cutter:
        """Attributes are columns under their own names."""
        return SqlCutter(_spans(), json=True, keys=file.columns, no_line="no export of spans",
                         line_bytes=self.line_bytes)

    def hints(self, file: FilePlan, place: Path) -> Mapping[str, Hint]:
        """The conventions of OpenTelemetry."""
        return {
            **no_inputs(file.columns), **of_models(file.columns),
            "trace_id": Hint(Role.REQUEST_ID, ColumnType.TEXT, why="The trace: one request, through all services"),
            "span_id": Hint(None, ColumnType.TEXT, ignored=True), "name": Hint(None, ColumnType.TEXT, ignored=True),
            "kind": Hint(None, ColumnType.TEXT, ignored=True),
            "status_message": Hint(None, ColumnType.TEXT, ignored=True),
            "start_time": Hint(Role.TIMESTAMP, time_format=TimeFormat.EPOCH_NS, why="When the span began"),
            "duration_ms": Hint(Role.LATENCY, ColumnType.NUMBER, "ms", why="The end of the span less its start"),
            "status": Hint(Role.STATUS, ColumnType.TEXT, why="The status of the response, else that of the span"),
            "host": Hint(Role.HOST, ColumnType.TEXT, if_seen=True, why="The pod, the host or the instance"),
            "prediction": Hint(Role.PREDICTION, ColumnType.TEXT, if_seen=True,
                               why="What kind of answer came; none for an empty one"),
        }


def no_inputs(columns: Iterable[str]) -> dict[str, Hint]:
    """Attributes that no model saw."""
    return {name: Hint(None, ignored=True, why="Of the transport, the process or the answer")
            for name in columns if name.startswith(NO_INPUTS)}


def of_models(columns: Iterable[str]) -> dict[str, Hint]:
    """Tokens, and which model it was: a language model's name, else that of the service."""
    names = set(columns)
    seconds = "As the conventions say, in seconds"
    found = {
        TOKENS_IN: Hint(Role.INPUT_TOKENS, ColumnType.NUMBER, "tokens"),
        TOKENS_OUT: Hint(Role.OUTPUT_TOKENS, ColumnType.NUMBER, "tokens"),
        "gen_ai.response.time_to_first_chunk": Hint(Role.TIME_TO_FIRST_TOKEN, ColumnType.NUMBER, "s", why=seconds),
        "gen_ai.latency.time_to_first_token": Hint(Role.TIME_TO_FIRST_TOKEN, ColumnType.NUMBER, "s", why=seconds),
        "gen_ai.request.max_tokens": Hint(None, ColumnType.NUMBER, ignored=True),
    }
    model = next((name for name in ("gen_ai.request.model", "gen_ai.response.model") if name in names), "service.name")
    version = "gen_ai.response.model" if names >= {"gen_ai.request.model", "gen_ai.response.model"} else (
        "service.version")
    found[model] = Hint(Role.MODEL, ColumnType.TEXT, if_seen=True)
    found[version] = Hint(Role.MODEL_VERSION, ColumnType.TEXT, if_seen=True)
    return found
