"""LiteLLM's StandardLoggingPayload: a JSON object for each call of a language model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from console.logs.formats.bodies import inner, name, pointer
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


def _text(path: str) -> str:
    return f"nullif(nullif(json_extract_string(l, '$.response.{path}'), 'null'), '')"


def _member(key: str, value: str) -> str:
    """A member made here, unless the line has one of that name."""
    return f"CASE WHEN NOT json_exists(l, '$.{key}') THEN '\"{key}\":' || coalesce(({value})::VARCHAR, 'null') END"


METADATA = "json_extract(l, '$.metadata.requester_metadata')"

LABEL = "'requester.' || m_"

OPENED = (f"CASE WHEN json_type({METADATA}) = 'OBJECT' THEN nullif(array_to_string(list_transform("
          f"list_filter(json_keys({METADATA}), lambda m_: NOT json_exists(l, {pointer(LABEL)})), "
          f"lambda m_: {name(LABEL)} || json_extract({METADATA}, {pointer('m_')})), ','), '') END")
"""What the caller sent about itself: device, country, whatever it is. Of each key a column."""

CAME = f"""CASE
    WHEN coalesce(json_array_length(json_extract(l, '$.response.choices[0].message.tool_calls')), 0) > 0
    THEN '"tool calls"'
    WHEN coalesce({_text('choices[0].message.content')}, {_text('choices[0].text')}, {_text('content[0].text')},
                  CASE WHEN json_type(l, '$.response') = 'VARCHAR' THEN nullif(json_extract_string(l, '$.response'), '')
                  END) IS NOT NULL THEN '"text"'
    WHEN json_type(l, '$.response.data') = 'ARRAY' THEN '"data"' END"""

SELECT = f"""
    SELECT i, NULL::VARCHAR AS ignored, CASE WHEN json_type(l) <> 'OBJECT' THEN 'no JSON object' END AS bad,
        CASE WHEN json_type(l) = 'OBJECT' THEN '{{' || concat_ws(',', {inner("json(l)::VARCHAR")},
            {_member('latency_ms', _between('t.endTime'))},
            {_member('time_to_first_token_ms', _between('t.completionStartTime'))},
            {_member('finish_reason', f"to_json({_text('choices[0].finish_reason')})")},
            {_member('prediction', CAME)}, {OPENED}) || '}}' END AS o
    FROM (SELECT i, l, json_transform(l, '{TIMES}') AS t FROM lines)"""


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
