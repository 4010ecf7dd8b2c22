"""Seldon Core's request logger: documents of Elasticsearch with both halves of a request, exported as lines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from console.logs.formats.bodies import hints_of, opened, shapes_in
from console.logs.formats.cutting import SqlCutter
from console.logs.formats.form import Cutter, Hint, Known, LogFormat, Look
from console.logs.plan import FilePlan
from console.roles import ColumnType, Role, StreamKind, TimeFormat

ID = "RequestId"

OWN = ("time", "@timestamp", "ServingEngine", "Ce-Inferenceservicename", "Ce-Endpoint", "Ce-Namespace", "Ce-Modelid",
       "latency_ms")

PART = ('{"elements":"JSON","instance":"JSON","names":"JSON","dataType":"VARCHAR","payload":"JSON",'
        '"ce-time":"VARCHAR"}')

DOCUMENT = ('{"ServingEngine":"VARCHAR","Ce-Inferenceservicename":"VARCHAR","Ce-Endpoint":"VARCHAR",'
            '"Ce-Namespace":"VARCHAR","Ce-Modelid":"VARCHAR","@timestamp":"VARCHAR","RequestId":"VARCHAR",'
            f'"request":{PART},"response":{PART}}}')

LONGEST_US = 86_400_000_000
"""A response that comes a day after its request, or before it, gives no latency."""


def _body(part: str, key: str) -> str:
    """What was asked or answered, as a body: elements by name, else the instance with its names, else the payload.

    An element is a list of one value. The instance of a batch is split among documents already.
    """
    first = "coalesce(json_extract(x_, '$[0]'), 'null')"
    value = f"CASE WHEN json_type(x_) = 'ARRAY' AND json_array_length(x_) = 1 THEN {first} ELSE x_ END"
    elements = (f"'{{' || array_to_string(list_transform(json_keys({part}.elements), lambda m_: to_json(m_) || ':' || "
                f"list_transform([json_extract({part}.elements, '/' || replace(replace(m_, '~', '~0'), '/', '~1'))], "
                f"lambda x_: {value})[1]), ',') || '}}'")
    row = (f"CASE WHEN json_type({part}.instance) = 'ARRAY' AND json_type({part}.instance, '$[0]') = 'ARRAY' AND "
           f"json_array_length({part}.instance) = 1 THEN json_extract({part}.instance, '$[0]') "
           f"ELSE {part}.instance END")
    named = (f"CASE WHEN json_type({part}.names) = 'ARRAY' AND json_type({row}) = 'ARRAY' AND "
             f"json_array_length({part}.names) = json_array_length({row}) THEN "
             f"'{{\"data\":{{\"names\":' || {part}.names || ',\"ndarray\":[' || {row} || ']}}}}' "
             f"ELSE '{{\"{key}\":[' || {row} || ']}}' END")
    return (f"CASE WHEN json_type({part}.elements) = 'OBJECT' AND len(json_keys({part}.elements)) > 0 THEN {elements} "
            f"WHEN json_type({part}.instance) <> 'NULL' THEN {named} "
            f"WHEN json_type({part}.payload) <> 'NULL' THEN {part}.payload::VARCHAR END")


SOURCE = f"""
    SELECT i, NULL::VARCHAR AS ignored,
        CASE WHEN req IS NULL AND res IS NULL THEN 'neither request nor response' END AS bad, NULL::TINYINT AS half,
        coalesce(CASE WHEN regexp_matches(document, '-item-[0-9]+$') THEN document END, t.RequestId, document) AS id,
        json_merge_patch('{{}}', json_object(
            'time', coalesce(t.request."ce-time", t."@timestamp", t.response."ce-time"), '@timestamp', t."@timestamp",
            'ServingEngine', t.ServingEngine, 'Ce-Inferenceservicename', t."Ce-Inferenceservicename",
            'Ce-Endpoint', t."Ce-Endpoint", 'Ce-Namespace', t."Ce-Namespace", 'Ce-Modelid', t."Ce-Modelid",
            'latency_ms', CASE WHEN us BETWEEN 0 AND {LONGEST_US} THEN us / 1000.0 END))::VARCHAR AS env,
        NULL::VARCHAR AS once, req, res, false AS req_csv, false AS res_csv
    FROM (SELECT *, epoch_us(TRY_CAST(t.response."ce-time" AS TIMESTAMPTZ)) -
                    epoch_us(TRY_CAST(t.request."ce-time" AS TIMESTAMPTZ)) AS us,
                 {_body('t.request', 'instances')} AS req, {_body('t.response', 'predictions')} AS res
          FROM (SELECT i, json_extract_string(l, '$._id') AS document, json_transform(CASE
                       WHEN json_type(l, '$._source') = 'OBJECT' THEN json_extract(l, '$._source') ELSE l END,
                       '{DOCUMENT}') AS t
                FROM lines WHERE json_type(l) = 'OBJECT'))"""


class Seldon(LogFormat):
    """A document has the times of request and response. Of one without an answer nobody says whether it failed."""

    name = "seldon"
    title = "Seldon Core's request log"
    kind = StreamKind.REQUESTS

    def recognise(self, look: Look) -> Known | None:
        """By what Seldon writes beside every request, inside the envelope of Elasticsearch or without it."""
        share = look.share_of_records(_is_document)
        return Known(share, "Documents with ServingEngine or Ce-Inferenceservicename, request and response") \
            if share else None

    def cutter(self, file: FilePlan) -> Cutter:
        """A row a document: batches are split among documents already."""
        return SqlCutter(lambda block: opened(SOURCE, ID, OWN, shapes_in(block + b"ndarray")), json=True,
                         keys=file.columns, no_line="no document")

    def hints(self, file: FilePlan, place: Path) -> Mapping[str, Hint]:
        """Default and canary are the versions."""
        return {
            **hints_of(file.columns, (ID, *OWN)),
            ID: Hint(Role.REQUEST_ID, ColumnType.TEXT, why="The id of the request, or of one of its items"),
            "time": Hint(Role.TIMESTAMP, time_format=TimeFormat.ISO, why="When the request was sent"),
            "@timestamp": Hint(ignored=True, why="When the document was written"),
            "latency_ms": Hint(Role.LATENCY, ColumnType.NUMBER, "ms", why="From the request to its response"),
            "Ce-Inferenceservicename": Hint(Role.MODEL, ColumnType.TEXT, why="The inference service"),
            "Ce-Endpoint": Hint(Role.MODEL_VERSION, ColumnType.TEXT, why="Default or canary"),
            "Ce-Namespace": Hint(type=ColumnType.TEXT, ignored=True, why="Where the service runs"),
            "Ce-Modelid": Hint(type=ColumnType.TEXT, ignored=True, why="A part of the service"),
            "ServingEngine": Hint(type=ColumnType.TEXT, ignored=True, why="Who serves"),
        }


def _is_document(record: Mapping[str, object]) -> bool:
    inner = record.get("_source", record)
    return isinstance(inner, dict) and bool({"ServingEngine", "Ce-Inferenceservicename"} & inner.keys()) and (
        isinstance(inner.get("request"), dict) or isinstance(inner.get("response"), dict))
