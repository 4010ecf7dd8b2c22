"""LiteLLM's StandardLoggingPayload: a JSON object for each call of a language model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from console.logs.formats.bodies import inner, name, pointer, text_list
from console.logs.formats.cutting import SqlCutter
from console.logs.formats.form import Cutter, Hint, Known, LogFormat, Look
from console.logs.plan import FilePlan
from console.roles import ColumnType, Role, StreamKind, TimeFormat

WANTED = frozenset({"startTime", "endTime", "prompt_tokens"})

MADE = ("latency_ms", "time_to_first_token_ms", "finish_reason", "prediction")

TIMES = '{"startTime":"DOUBLE","endTime":"DOUBLE","completionStartTime":"DOUBLE","stream":"BOOLEAN"}'

LONGEST_S = 86_400
"""A difference of times beyond a day, or below none, is no duration."""


def _between(later: str) -> str:
    """Milliseconds from the start, to the microsecond; NULL where a time is missing or goes back."""
    seconds = f"({later} - t.startTime)"
    return f"CASE WHEN {seconds} BETWEEN 0 AND {LONGEST_S} THEN round({seconds} * 1000, 3) END"


PATHS = ("$.response.choices[0].message.content", "$.response.choices[0].text", "$.response.content[0].text",
         "$.response.choices[0].finish_reason", "$.response.choices[0].message.tool_calls", "$.response.data",
         "$.response", "$.metadata.requester_metadata", *(f"$.{each}" for each in MADE))
"""Taken by one look at the line: a path each would read it as often."""


def _said(place: int) -> str:
    """A text that is there and not empty."""
    return f"nullif(json_extract_string(v[{place}], '$'), '')"


def _member(key: str, value: str) -> str:
    """A member made here, unless the line has one of that name."""
    there = f"v[{PATHS.index(f'$.{key}') + 1}]"
    return f"CASE WHEN {there} IS NULL THEN '\"{key}\":' || coalesce(({value})::VARCHAR, 'null') END"


LABEL = "'requester.' || m_"

OPENED = (f"CASE WHEN json_type(v[8]) = 'OBJECT' THEN nullif(array_to_string(list_transform("
          f"list_filter(json_keys(v[8]), lambda m_: NOT contains(l, {LABEL})), "
          f"lambda m_: {name(LABEL)} || json_extract(v[8], {pointer('m_')})), ','), '') END")
"""What the caller sent about itself: device, country, whatever it is. Of each key a column."""

CAME = f"""CASE
    WHEN json_type(v[5]) = 'ARRAY' AND json_array_length(v[5]) > 0 THEN '"tool calls"'
    WHEN coalesce({_said(1)}, {_said(2)}, {_said(3)}, CASE WHEN json_type(v[7]) = 'VARCHAR' THEN {_said(7)} END)
         IS NOT NULL THEN '"text"'
    WHEN json_type(v[6]) = 'ARRAY' THEN '"data"' END"""

SELECT = f"""
    SELECT i, NULL::VARCHAR AS ignored, CASE WHEN kind <> 'OBJECT' THEN 'no JSON object' END AS bad,
        '{{' || concat_ws(',', {inner("l")},
            {_member('latency_ms', _between('t.endTime'))},
            {_member('time_to_first_token_ms', _between('t.completionStartTime'))},
            {_member('finish_reason', f"to_json({_said(4)})")},
            {_member('prediction', CAME)}, {OPENED}) || '}}' AS o
    FROM (SELECT i, trim(l, ' \t\r\n' || chr(0)) AS l, json_transform(l, '{TIMES}') AS t,
                 json_extract(l, {text_list(PATHS)}) AS v, json_type(l) AS kind FROM lines)"""


class LiteLlm(LogFormat):
    """Durations are differences of its times, in seconds. Failed calls stand in it, with their error.

    The model that answered is the version; the group under which callers ask for it is the model.
    """

    name = "litellm"
    title = "LiteLLM's request log"
    kind = StreamKind.REQUESTS

    def recognise(self, look: Look) -> Known | None:
        """By the keys that it always writes together."""
        share = look.share_of_records(lambda record: record.keys() >= WANTED)
        return Known(share, "Lines with startTime, endTime and prompt_tokens") if share else None

    def cutter(self, file: FilePlan) -> Cutter:
        """All its fields, nested ones as JSON, and the durations that lie between its times."""
        return SqlCutter(SELECT, json=True, keys=file.columns)

    def hints(self, file: FilePlan, place: Path) -> Mapping[str, Hint]:
        """Roles of its fields."""
        seconds = Hint(ignored=True, why="Another time")
        hints = {
            "id": Hint(Role.REQUEST_ID, ColumnType.TEXT, why="The id of the call"),
            "trace_id": Hint(type=ColumnType.TEXT, ignored=True, why="Shared by the calls of one conversation"),
            "startTime": Hint(Role.TIMESTAMP, time_format=TimeFormat.EPOCH_S, why="When the call began"),
            "endTime": seconds, "completionStartTime": seconds,
            "latency_ms": Hint(Role.LATENCY, ColumnType.NUMBER, "ms", why="endTime less startTime"),
            "time_to_first_token_ms": Hint(Role.TIME_TO_FIRST_TOKEN, ColumnType.NUMBER, "ms",
                                           why="completionStartTime less startTime"),
            "response_time": Hint(ignored=True, why="Seconds of the call: latency_ms has them"),
            "status": Hint(Role.STATUS, ColumnType.TEXT, why="Whether it failed"),
            "prompt_tokens": Hint(Role.INPUT_TOKENS, ColumnType.NUMBER, "tokens", why="Tokens that went in"),
            "completion_tokens": Hint(Role.OUTPUT_TOKENS, ColumnType.NUMBER, "tokens", why="Tokens that came out"),
            "total_tokens": Hint(ignored=True, why="Sum of the tokens in and out"),
            "end_user": Hint(Role.USER_ID, ColumnType.TEXT, why="Who asked"),
            "prediction": Hint(Role.PREDICTION, ColumnType.TEXT, why="What came back; missing when nothing did"),
            "finish_reason": Hint(ignored=True, why="Why the answer ended"),
        }
        if "model_group" in file.columns:
            hints["model_group"] = Hint(Role.MODEL, ColumnType.TEXT, why="The name that callers ask for")
            hints["model"] = Hint(Role.MODEL_VERSION, ColumnType.TEXT, why="The model that answered")
        else:
            hints["model"] = Hint(Role.MODEL, ColumnType.TEXT, why="The model that answered")
        return hints
