"""LiteLLM's StandardLoggingPayload: a JSON object for each call of a language model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from console.logs.formats.cutting import SqlCutter
from console.logs.formats.form import Cutter, Hint, Known, LogFormat, Look
from console.logs.plan import FilePlan
from console.roles import ColumnType, Role, StreamKind, TimeFormat

WANTED = frozenset({"startTime", "endTime", "prompt_tokens"})

SELECT = "SELECT i, NULL::VARCHAR AS ignored, l AS o FROM lines"


class LiteLlm(LogFormat):
    """Durations are differences of its times, in seconds."""

    name = "litellm"
    title = "LiteLLM's request log"
    kind = StreamKind.REQUESTS

    def recognise(self, look: Look) -> Known | None:
        """By the keys that it always writes together."""
        share = look.share_of_records(lambda record: record.keys() >= WANTED)
        return Known(share, "Lines with startTime, endTime and prompt_tokens") if share else None

    def cutter(self, file: FilePlan) -> Cutter:
        """Nested fields stay JSON."""
        return SqlCutter(SELECT, json=True, keys=file.columns)

    def hints(self, file: FilePlan, place: Path) -> Mapping[str, Hint]:
        """Roles of its fields."""
        return {
            "id": Hint(Role.REQUEST_ID, ColumnType.TEXT),
            "startTime": Hint(Role.TIMESTAMP, time_format=TimeFormat.EPOCH_S),
        }
