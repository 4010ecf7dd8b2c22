"""Databricks' inference tables: a request and its answer as JSON text in one row, as Parquet or exported as lines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from console.logs.formats.bodies import hints_of, opened, shapes_in, text_list
from console.logs.formats.cutting import SqlCutter
from console.logs.formats.form import Cutter, Hint, Known, LogFormat, Look
from console.logs.plan import FileFormat, FilePlan
from console.roles import ColumnType, Role, StreamKind, TimeFormat

ID = "request_id"

IDS = ("client_request_id", "databricks_request_id", "invocation_id")
"""Of one row, the first that it has: what the caller sent is what labels come under."""

PLAIN = ("date", "request_date", "timestamp_ms", "request_time", "event_time", "sampling_fraction", "served_entity_id",
         "served_entity_name", "logging_error_codes", "requester", "endpoint_name", "model_name", "model_version",
         "destination_id", "destination_name", "destination_model", "api_type", "schema_version", "request_tags",
         "client_request_id", "databricks_request_id", "invocation_id")
"""Fields that every instance of a batch shares."""

ONCE = ("status_code", "execution_time_ms", "execution_duration_ms", "latency_ms", "time_to_first_byte_ms")
"""Of the call, not of its instances: only the first has them."""

RANKED_TIMES = ("timestamp_ms", "request_time", "event_time")

RANKED_VERSIONS = ("model_version", "served_entity_id", "destination_model", "destination_id")

RANKED_MODELS = ("model_name", "served_entity_name", "endpoint_name", "destination_name")

RANKED_DURATIONS = ("execution_time_ms", "execution_duration_ms", "latency_ms")

METADATA = ("endpoint_name", "model_name", "model_version")


def _source() -> str:
    """All that is wanted of a line by one look at it: a path each would read the line as often."""
    fields = (*PLAIN, *ONCE, "request", "response")
    paths = [*(f"$.{each}" for each in fields), *(f"$.request_metadata.{each}" for each in METADATA)]

    def value(field: str) -> str:
        own = f"v[{fields.index(field) + 1}]"
        return f"coalesce({own}, v[{len(fields) + METADATA.index(field) + 1}])" if field in METADATA else own

    def members(names: tuple[str, ...]) -> str:
        heads = text_list(f'"{each}":' for each in names)
        pairs = f"list_zip({heads}, [{', '.join(map(value, names))}])"
        some = f"list_filter({pairs}, lambda p_: p_[2] IS NOT NULL)"
        return f"'{{' || array_to_string(list_transform({some}, lambda p_: p_[1] || p_[2]), ',') || '}}'"

    ids = ", ".join(f"nullif(json_extract_string({value(each)}, '$'), '')" for each in IDS)
    request, answer = value("request"), value("response")
    return f"""
        SELECT i, NULL::VARCHAR AS ignored,
            CASE WHEN {request} IS NULL AND {answer} IS NULL THEN 'neither request nor response' END AS bad,
            NULL::TINYINT AS half, coalesce({ids}) AS id, {members(PLAIN)} AS env, {members(ONCE)} AS once,
            json_extract_string({request}, '$') AS req, json_extract_string({answer}, '$') AS res,
            false AS req_csv, false AS res_csv
        FROM (SELECT i, json_extract(l, {text_list(paths)}) AS v FROM lines WHERE json_type(l) = 'OBJECT')"""


SOURCE = _source()


class Databricks(LogFormat):
    """Three generations of one table; fields that one of them lacks are missing. A batch is one row of the table."""

    name = "databricks"
    title = "Databricks' inference table"
    kind = StreamKind.REQUESTS
    formats = (FileFormat.JSON_LINES, FileFormat.PARQUET)

    def recognise(self, look: Look) -> Known | None:
        """By its columns."""
        if look.format is FileFormat.PARQUET:
            share = float(_is_row(look.keys))
        else:
            share = look.share_of_records(lambda record: _is_row(frozenset(record)))
        return Known(share, "Columns request, response and an id of Databricks") if share else None

    def cutter(self, file: FilePlan) -> Cutter:
        """A record for each instance of a request."""
        return SqlCutter(lambda block: opened(SOURCE, ID, (*PLAIN, *ONCE), shapes_in(block)), json=True,
                         keys=file.columns, no_line="no row of the table")

    def hints(self, file: FilePlan, place: Path) -> Mapping[str, Hint]:
        """Of several generations, the fields that are there."""
        there = set(file.columns)

        def first(names: tuple[str, ...]) -> str:
            return next((each for each in names if each in there), names[0])

        hints = {each: Hint(ignored=True, why="Of the table, not of the model") for each in (*PLAIN, *ONCE)}
        hints |= hints_of(file.columns, (ID, *PLAIN, *ONCE))
        hints |= {
            ID: Hint(Role.REQUEST_ID, ColumnType.TEXT, why="The caller's id, else that of Databricks"),
            "status_code": Hint(Role.STATUS, why="HTTP status of the answer"),
            "sampling_fraction": Hint(Role.SAMPLING_FRACTION, ColumnType.NUMBER, why="Share of requests that are kept"),
            "requester": Hint(Role.USER_ID, ColumnType.TEXT, why="Who asked"),
            "time_to_first_byte_ms": Hint(Role.TIME_TO_FIRST_TOKEN, ColumnType.NUMBER, "ms", why="In ms by its name"),
            first(RANKED_TIMES): Hint(Role.TIMESTAMP, why="When the request came"),
            first(RANKED_DURATIONS): Hint(Role.LATENCY, ColumnType.NUMBER, "ms", why="In ms by its name"),
            first(RANKED_VERSIONS): Hint(Role.MODEL_VERSION, ColumnType.TEXT, why="What answered"),
            first(RANKED_MODELS): Hint(Role.MODEL, ColumnType.TEXT, why="The model"),
        }
        if first(RANKED_TIMES) == "timestamp_ms":
            hints["timestamp_ms"] = Hint(Role.TIMESTAMP, time_format=TimeFormat.EPOCH_MS, why="When the request came")
        return hints


def _is_row(keys: frozenset[str]) -> bool:
    return {"request", "response"} <= keys and bool(
        keys & {"databricks_request_id", "invocation_id"} or {"served_entity_id", "execution_duration_ms"} <= keys)
