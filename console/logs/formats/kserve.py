"""KServe's inference logger: requests and their responses as records of their own, as events or as blobs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from console.logs.formats.bodies import hints_of, opened, shapes_encoded_in, shapes_in
from console.logs.formats.cutting import SqlCutter
from console.logs.formats.form import Cutter, Hint, Known, LogFormat, Look
from console.logs.plan import FilePlan
from console.roles import ColumnType, Role, StreamKind, TimeFormat

HALF = ("CASE WHEN regexp_matches(coalesce({kind}, ''), '(^|[.])request$') THEN 0 "
        "WHEN regexp_matches(coalesce({kind}, ''), '(^|[.])response$') THEN 1 END::TINYINT")

NEITHER = "an event that is neither request nor response"

EVENT_OWN = ("time", "inferenceservicename", "namespace", "component", "endpoint", "source", "metadata", "latency_ms",
             "status")

EVENT = ('{"id":"VARCHAR","type":"VARCHAR","time":"VARCHAR","source":"VARCHAR","inferenceservicename":"VARCHAR",'
         '"namespace":"VARCHAR","component":"VARCHAR","endpoint":"VARCHAR","metadata":"VARCHAR",'
         '"recordedtime":"VARCHAR","data":"VARCHAR","data_base64":"VARCHAR"}')

EVENT_SOURCE = f"""
    SELECT i, CASE WHEN half IS NULL THEN '{NEITHER}' END AS ignored,
        CASE WHEN half IS NOT NULL AND t.id IS NULL THEN 'no id' END AS bad, half, t.id AS id,
        json_object('time', t.time, 'inferenceservicename', t.inferenceservicename, 'namespace', t.namespace,
                    'component', t.component, 'endpoint', nullif(t.endpoint, ''), 'source', t.source,
                    'metadata', t.metadata, 'recordedtime', t.recordedtime)::VARCHAR AS env,
        CASE WHEN half = 1 THEN '{{"latency_ms":null,"status":"200"}}' ELSE '{{"latency_ms":null,"status":null}}' END
            AS once,
        CASE WHEN half = 0 THEN body END AS req, CASE WHEN half = 1 THEN body END AS res,
        false AS req_csv, false AS res_csv
    FROM (SELECT i, t, {HALF.format(kind='t.type')} AS half,
                 coalesce(t.data, TRY(decode(from_base64(t.data_base64)))) AS body
          FROM (SELECT i, json_transform(l, '{EVENT}') AS t FROM lines
                WHERE json_exists(l, '$.specversion') AND json_exists(l, '$.type')))"""

BLOB_FIELDS = ("url", "bytes", "contentType", "reqType", "id", "sourceUri", "inferenceService", "namespace",
               "component", "endpoint", "metadata", "occurrenceTime")

BLOB_OWN = ("occurrenceTime", "inferenceService", "namespace", "component", "endpoint", "url", "metadata",
            "latency_ms", "status")


def _blob_source() -> str:
    """Old and new releases write the names with small and with capital first letters."""
    both = [name[0].upper() + name[1:] for name in BLOB_FIELDS]
    shape = ",".join(f'"{each}":"VARCHAR"' for each in (*BLOB_FIELDS, *both) if each[0].islower())
    large = ",".join(f'"{each}":"VARCHAR"' for each in both)

    def at(name: str) -> str:
        return f"coalesce(t.{name}, b.{name[0].upper() + name[1:]})"

    env = ", ".join(f"'{each}', {at(each)}" for each in BLOB_OWN if each in BLOB_FIELDS and each != "endpoint")
    body = f"coalesce(TRY(decode(from_base64({at('bytes')}))), {at('bytes')})"
    return f"""
    SELECT i, e, CASE WHEN kind IS NOT NULL AND half IS NULL THEN '{NEITHER}' END AS ignored,
        CASE WHEN kind IS NULL THEN 'no reqType' WHEN half IS NOT NULL AND id IS NULL THEN 'no id' END AS bad,
        half, id, env,
        CASE WHEN half = 1 THEN '{{"latency_ms":null,"status":"200"}}' ELSE '{{"latency_ms":null,"status":null}}' END
            AS once,
        CASE WHEN half = 0 THEN body END AS req, CASE WHEN half = 1 THEN body END AS res,
        coalesce(half = 0 AND content ILIKE '%csv%', false) AS req_csv,
        coalesce(half = 1 AND content ILIKE '%csv%', false) AS res_csv
    FROM (SELECT i, e, {at('reqType')} AS kind, {HALF.format(kind=at('reqType'))} AS half, {at('id')} AS id,
                 {at('contentType')} AS content, {body} AS body,
                 json_object({env}, 'endpoint', nullif({at('endpoint')}, ''))::VARCHAR AS env
          FROM (SELECT i, x[1] AS e, json_transform(x[2], '{{{shape}}}') AS t, json_transform(x[2], '{{{large}}}') AS b
                FROM (SELECT i, unnest(list_zip(range(1, len(xs) + 1), xs)) AS x
                      FROM (SELECT i, CASE json_type(l) WHEN 'ARRAY' THEN json_extract(l, '$[*]')
                                      WHEN 'OBJECT' THEN [l::JSON] END AS xs FROM lines))))"""


BLOB_SOURCE = _blob_source()


class KServeEvents(LogFormat):
    """CloudEvents of its HTTP or Kafka sink. A response is logged for status 200 only: without one, it failed."""

    name = "kserve-cloudevents"
    title = "KServe's CloudEvents"
    kind = StreamKind.REQUESTS
    half_of = "kserve-cloudevents"
    answers = True

    def recognise(self, look: Look) -> Known | None:
        """By the type of the events, or by KServe's extensions of CloudEvents."""
        share = look.share_of_records(lambda record: "specversion" in record and (
            "inferenceservicename" in record or ".inference." in str(record.get("type"))))
        return Known(share, "CloudEvents of inference requests and responses") if share else None

    def cutter(self, file: FilePlan) -> Cutter:
        """A record for each instance of each half."""
        def chosen(block: bytes) -> str:
            shapes = shapes_encoded_in(block) if b"data_base64" in block else shapes_in(block)
            return opened(EVENT_SOURCE, "id", EVENT_OWN, shapes, halves=True)

        return SqlCutter(chosen, json=True, keys=file.columns, no_line="no event with a type")

    def hints(self, file: FilePlan, place: Path) -> Mapping[str, Hint]:
        """Default and canary are the versions."""
        return {**hints_of(file.columns, ("id", "recordedtime", *EVENT_OWN)), **_halves(),
                "time": Hint(Role.TIMESTAMP, time_format=TimeFormat.ISO, why="The time of the event"),
                "inferenceservicename": Hint(Role.MODEL, ColumnType.TEXT, why="The inference service"),
                "recordedtime": Hint(ignored=True, why="When it was recorded"),
                "source": Hint(type=ColumnType.TEXT, ignored=True, why="Who sent the event")}


class KServeBlob(LogFormat):
    """What its logger puts into a store of blobs as JSON: an object a file, or an array of a batch.

    Its CSV and Parquet blobs tell no time and are no requests on a time axis.
    """

    name = "kserve-blob"
    title = "KServe's payload log"
    kind = StreamKind.REQUESTS
    half_of = "kserve-blob"
    answers = True
    own_path = True

    def recognise(self, look: Look) -> Known | None:
        """By body and kind of the half."""
        share = look.share_of_records(lambda record: {"reqtype", "bytes", "id"} <= {key.lower() for key in record}
                                      and "occurrencetime" in {key.lower() for key in record})
        return Known(share, "Records with reqType, id and bytes") if share else None

    def cutter(self, file: FilePlan) -> Cutter:
        """A record for each instance of each half."""
        def chosen(block: bytes) -> str:
            return opened(BLOB_SOURCE, "id", BLOB_OWN, shapes_encoded_in(block), halves=True, several=True)

        return SqlCutter(chosen, json=True, keys=file.columns, no_line="no object with reqType")

    def hints(self, file: FilePlan, place: Path) -> Mapping[str, Hint]:
        """Default and canary are the versions."""
        return {**hints_of(file.columns, ("id", *BLOB_OWN)), **_halves(),
                "occurrenceTime": Hint(Role.TIMESTAMP, time_format=TimeFormat.ISO, why="When it occurred"),
                "inferenceService": Hint(Role.MODEL, ColumnType.TEXT, why="The inference service"),
                "url": Hint(type=ColumnType.TEXT, ignored=True, why="Where the log was sent")}


def _halves() -> dict[str, Hint]:
    return {
        "id": Hint(Role.REQUEST_ID, ColumnType.TEXT, why="The same for a request and its response"),
        "endpoint": Hint(Role.MODEL_VERSION, ColumnType.TEXT, why="Default or canary"),
        "latency_ms": Hint(Role.LATENCY, ColumnType.NUMBER, "ms", why="Time from the request to its response"),
        "status": Hint(Role.STATUS, ColumnType.TEXT, why="Responses are logged for status 200 only"),
        "namespace": Hint(type=ColumnType.TEXT, ignored=True, why="Where the service runs"),
        "component": Hint(type=ColumnType.TEXT, ignored=True, why="Part of the service"),
        "metadata": Hint(type=ColumnType.TEXT, ignored=True, why="Headers that were kept"),
    }
