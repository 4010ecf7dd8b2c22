"""Vertex AI's request-response log: its BigQuery table exported as lines of JSON, or as Parquet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from console.logs.formats.bodies import hints_of, opened, shapes_in
from console.logs.formats.cutting import SqlCutter
from console.logs.formats.form import Cutter, Hint, Known, LogFormat, Look
from console.logs.plan import FileFormat, FilePlan
from console.roles import ColumnType, Role, StreamKind, TimeFormat

ID = "request_id"

OWN = ("endpoint", "deployed_model_id", "logging_time", "model", "model_version", "api_method", "request_latency")

ROW = ('{"endpoint":"VARCHAR","deployed_model_id":"VARCHAR","logging_time":"VARCHAR","request_id":"VARCHAR",'
       '"request_payload":"JSON","response_payload":"JSON","model":"VARCHAR","model_version":"VARCHAR",'
       '"api_method":"VARCHAR","full_request":"VARCHAR","full_response":"VARCHAR","metadata":"VARCHAR"}')


def _payload(part: str, key: str) -> str:
    """A list of texts, each the JSON of an instance (or the whole body), as one body.

    BigQuery writes a repeated field as a list; text that is no JSON is an instance of text.
    """
    each = (f"list_transform(json_extract_string({part}, '$[*]'), lambda p_: "
            "CASE WHEN json_valid(p_) THEN p_ ELSE to_json(p_) END)")
    one = f"json_extract_string({part}, '$[0]')"
    return (f"CASE WHEN json_type({part}) <> 'ARRAY' OR json_array_length({part}) = 0 THEN NULL "
            f"WHEN json_array_length({part}) = 1 AND json_valid({one}) AND json_type({one}) = 'OBJECT' "
            f"AND json_exists({one}, '$.{key}') THEN {one} "
            f"ELSE '{{\"{key}\":[' || array_to_string({each}, ',') || ']}}' END")


SOURCE = f"""
    SELECT i, NULL::VARCHAR AS ignored,
        CASE WHEN t.logging_time IS NULL THEN 'no logging_time' END AS bad, NULL::TINYINT AS half, t.request_id AS id,
        json_merge_patch('{{}}', json_object(
            'endpoint', t.endpoint, 'deployed_model_id', t.deployed_model_id, 'logging_time', t.logging_time,
            'model', t.model, 'model_version', t.model_version, 'api_method', t.api_method))::VARCHAR AS env,
        json_merge_patch('{{}}', json_object('request_latency', TRY_CAST(CASE WHEN json_valid(t.metadata) THEN
            json_extract_string(t.metadata, '$.request_latency') END AS DOUBLE)))::VARCHAR AS once,
        coalesce(nullif(t.full_request, 'null'), {_payload('t.request_payload', 'instances')}) AS req,
        coalesce(nullif(t.full_response, 'null'), {_payload('t.response_payload', 'predictions')}) AS res,
        false AS req_csv, false AS res_csv
    FROM (SELECT i, json_transform(l, '{ROW}') AS t FROM lines WHERE json_exists(l, '$.logging_time')
          OR json_exists(l, '$.request_payload'))"""


class Vertex(LogFormat):
    """The first version of the table has payloads only, and no latency; the second has whole bodies.

    Failed requests are in neither. The time is that of logging, after the answer.
    """

    name = "vertex"
    title = "Vertex AI's request-response log"
    kind = StreamKind.REQUESTS
    formats = (FileFormat.JSON_LINES, FileFormat.PARQUET)

    def recognise(self, look: Look) -> Known | None:
        """By its columns."""
        if look.format is FileFormat.PARQUET:
            share = float(_is_row(look.keys))
        else:
            share = look.share_of_records(lambda record: _is_row(frozenset(record)))
        return Known(share, "Columns deployed_model_id, logging_time and payloads") if share else None

    def cutter(self, file: FilePlan) -> Cutter:
        """A record for each instance of a request."""
        return SqlCutter(lambda block: opened(SOURCE, ID, OWN, shapes_in(block)), json=True, keys=file.columns,
                         no_line="no row of the table")

    def hints(self, file: FilePlan, place: Path) -> Mapping[str, Hint]:
        """The version is that of the model, else the id under which it was deployed."""
        second = "model_version" in file.columns
        return {
            **hints_of(file.columns, (ID, *OWN)),
            ID: Hint(Role.REQUEST_ID, ColumnType.TEXT, why="The id of the request"),
            "logging_time": Hint(Role.TIMESTAMP, time_format=TimeFormat.ISO, why="When the answer was logged"),
            "model" if second else "endpoint": Hint(Role.MODEL, ColumnType.TEXT, why="What was asked"),
            "endpoint" if second else "model": Hint(type=ColumnType.TEXT, ignored=True, why="Beside the model"),
            "model_version" if second else "deployed_model_id": Hint(Role.MODEL_VERSION, ColumnType.TEXT,
                                                                     why="Which deployment answered"),
            "deployed_model_id" if second else "model_version": Hint(type=ColumnType.TEXT, ignored=True,
                                                                     why="Beside the version"),
            "api_method": Hint(type=ColumnType.TEXT, ignored=True, why="How it was asked"),
            "request_latency": Hint(Role.LATENCY, ColumnType.NUMBER, "ms", why="From the metadata, in ms"),
        }


def _is_row(keys: frozenset[str]) -> bool:
    return {"deployed_model_id", "logging_time"} <= keys and bool(keys & {"request_payload", "full_request"})
