"""SageMaker Data Capture, and the ground truth that is uploaded for it: a JSON object for each request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from console.logs.formats.bodies import WIDEST, Shape, hints_of, opened, shapes_encoded_in, shapes_in
from console.logs.formats.cutting import SqlCutter
from console.logs.formats.form import Cutter, Hint, Known, LogFormat, Look
from console.logs.plan import FilePlan
from console.roles import ColumnType, Role, StreamKind, TimeFormat
from console.store.names import literal

PLACE = re.compile(r"(?:(?:.*/)?(?P<endpoint>[^/]+)/)?(?P<variant>[^/]+)/\d{4}/\d\d/\d\d/\d\d/[^/]+")
"""Endpoint, variant and hour, as Data Capture lays files out. A folder opened below the endpoint lacks its name."""

ID = "request_id"

OWN = ("eventId", "inferenceTime", "endpoint", "variant", "customAttributes")

BODY = '{"data":"VARCHAR","encoding":"VARCHAR","observedContentType":"VARCHAR"}'

EVENT = ('{"captureData":{"endpointInput":' + BODY + ',"endpointOutput":' + BODY + '},"eventMetadata":'
         '{"eventId":"VARCHAR","inferenceId":"VARCHAR","customAttributes":"JSON","inferenceTime":"VARCHAR"}}')

TRUTH = ('{"groundTruthData":{"data":"VARCHAR","encoding":"VARCHAR"},'
         '"eventMetadata":{"eventId":"VARCHAR"}}')


def _body(part: str) -> str:
    """A captured body as text: base64 opened when text is inside, else what is known of it."""
    raw = f"TRY(from_base64({part}.data))"
    return (f"CASE WHEN upper({part}.encoding) = 'BASE64' THEN coalesce(TRY(decode({raw})), "
            f"'{{\"bytes\":' || octet_length({raw}) || '}}', {part}.data) ELSE {part}.data END")


def _shapes(block: bytes) -> frozenset[Shape]:
    """What may be in bodies. Where all are said to be CSV, none is JSON."""
    if b"BASE64" in block.upper():
        return shapes_encoded_in(block)
    shapes = shapes_in(block)
    only_csv = b"JSON" not in block and block.count(b'"encoding"') == block.count(b'"CSV"')
    return shapes - {Shape.JSON} if only_csv else shapes


def _is_csv(part: str) -> str:
    """Whether a body is CSV: as said, else by its first letter."""
    return (f"coalesce(CASE upper({part}.encoding) WHEN 'CSV' THEN true WHEN 'JSON' THEN false ELSE "
            f"{part}.observedContentType ILIKE '%csv%' AND TRY(decode(from_base64({part}.data))) IS NOT NULL END, "
            "false)")


def _source(endpoint: str, variant: str) -> str:
    def told(text: str) -> str:
        return f"{literal(text)}::VARCHAR" if text else "NULL::VARCHAR"

    request, answer = "t.captureData.endpointInput", "t.captureData.endpointOutput"
    return f"""
        SELECT i, NULL::VARCHAR AS ignored,
            CASE WHEN t.captureData IS NULL OR (t.captureData.endpointInput IS NULL AND
                      t.captureData.endpointOutput IS NULL) THEN 'no captureData with an input or an output' END AS bad,
            NULL::TINYINT AS half,
            coalesce(nullif(t.eventMetadata.inferenceId, ''), t.eventMetadata.eventId) AS id,
            json_merge_patch('{{}}', json_object(
                'eventId', t.eventMetadata.eventId, 'inferenceTime', t.eventMetadata.inferenceTime,
                'endpoint', {told(endpoint)}, 'variant', {told(variant)},
                'customAttributes', t.eventMetadata.customAttributes))::VARCHAR AS env,
            NULL::VARCHAR AS once, {_body(request)} AS req, {_body(answer)} AS res,
            {_is_csv(request)} AS req_csv, {_is_csv(answer)} AS res_csv
        FROM (SELECT i, json_transform(l, '{EVENT}') AS t FROM lines WHERE json_exists(l, '$.captureData'))"""


class SageMakerCapture(LogFormat):
    """Endpoint and variant stand in the path only; there is no latency, and failed requests are not captured.

    CSV has no names: the columns are feature_1 and so on, in the order of the line.
    """

    name = "sagemaker"
    title = "SageMaker Data Capture"
    kind = StreamKind.REQUESTS
    own_path = True

    def recognise(self, look: Look) -> Known | None:
        """By the key that wraps every event."""
        share = look.share_of_records(lambda record: isinstance(record.get("captureData"), dict))
        return Known(share, "Lines with captureData and eventMetadata") if share else None

    def fields_of(self, look: Look) -> tuple[str, ...]:
        """Where all is plain CSV its fields are counted: a capture may be thousands of small files."""
        found = PLACE.fullmatch(look.path)
        parts = found.groupdict() if found else {}
        n_features = 0
        for record in look.records:
            capture, metadata = record.get("captureData"), record.get("eventMetadata")
            if not isinstance(capture, dict) or not isinstance(metadata, dict) or "customAttributes" in metadata:
                return ()
            asked, said = _plain_csv(capture.get("endpointInput")), _plain_csv(capture.get("endpointOutput"))
            if asked is None or said is None or "," in said:
                return ()
            n_features = max(n_features, asked.count(",") + 1)
        if not n_features:
            return ()
        features = (f"feature_{number}" for number in range(1, min(n_features, WIDEST) + 1))
        place = (name for name in ("endpoint", "variant") if parts.get(name))
        return (ID, "eventId", "inferenceTime", *place, "batch_size", *features, "prediction")

    def cutter(self, file: FilePlan) -> Cutter:
        """A record for each instance of a request."""
        found = PLACE.fullmatch(file.path)
        source = _source((found["endpoint"] or "") if found else "", found["variant"] if found else "")

        def chosen(block: bytes) -> str:
            return opened(source, ID, OWN, _shapes(block))

        return SqlCutter(chosen, json=True, keys=file.columns, no_line="no captureData in it")

    def hints(self, file: FilePlan, place: Path) -> Mapping[str, Hint]:
        """The version is the variant."""
        return {
            **hints_of(file.columns, (ID, *OWN)),
            ID: Hint(Role.REQUEST_ID, ColumnType.TEXT, why="The inference id, else the id of the event"),
            "eventId": Hint(type=ColumnType.TEXT, ignored=True, why="The id that SageMaker gave"),
            "inferenceTime": Hint(Role.TIMESTAMP, time_format=TimeFormat.ISO, why="When the endpoint was asked"),
            "endpoint": Hint(Role.MODEL, ColumnType.TEXT, why="The endpoint, from the path"),
            "variant": Hint(Role.MODEL_VERSION, ColumnType.TEXT, why="The variant, from the path"),
            "customAttributes": Hint(type=ColumnType.TEXT, ignored=True, why="Attributes that the caller sent"),
        }


def _plain_csv(body: object) -> str | None:
    """A line of CSV without quotes; None for any other body."""
    if not isinstance(body, dict) or body.get("encoding") != "CSV" or not isinstance(body.get("data"), str):
        return None
    line: str = body["data"].rstrip("\r\n")
    return None if '"' in line or "\n" in line else line


class SageMakerTruth(LogFormat):
    """Labels that were uploaded for Model Monitor; their event id is the inference id of the request."""

    name = "sagemaker-ground-truth"
    title = "SageMaker ground truth"
    kind = StreamKind.OUTCOMES
    fields = (ID, "label")
    own_path = True

    def recognise(self, look: Look) -> Known | None:
        """By the key that wraps every label."""
        share = look.share_of_records(lambda record: isinstance(record.get("groundTruthData"), dict))
        return Known(share, "Lines with groundTruthData and eventMetadata") if share else None

    def cutter(self, file: FilePlan) -> Cutter:
        """A label a line."""
        label = _body("t.groundTruthData")
        return SqlCutter(f"""
            SELECT i, NULL::VARCHAR AS ignored, CASE WHEN id IS NULL THEN 'no eventId' END AS bad, id AS {ID},
                   CASE WHEN json_valid(label) THEN json_extract_string(label, '$') ELSE label END AS label
            FROM (SELECT i, nullif(t.eventMetadata.eventId, '') AS id, nullif(trim({label}), '') AS label
                  FROM (SELECT i, json_transform(l, '{TRUTH}') AS t FROM lines
                        WHERE json_exists(l, '$.groundTruthData')))""",
                         (ID, "label"), json=True, no_line="no groundTruthData in it")

    def hints(self, file: FilePlan, place: Path) -> Mapping[str, Hint]:
        """It has two fields."""
        return {ID: Hint(Role.REQUEST_ID, ColumnType.TEXT, why="The inference id of the request"),
                "label": Hint(Role.LABEL, why="What became of it")}
