"""The logs of serving tools: one form a file, recognised by content, with a confidence and a reason.

Belongs here: what the records of one tool look like and how they become rows (`LogFormat`). Does not belong here: plain
tables (`console.logs.delimited`, JSON lines, Parquet), which need no form; whole files and offsets (`reading`); joins
of halves and differences of counters, which need more than one record (`console.store`).

    form        what a format is             cutting   lines to rows by a query
    bodies      the bodies of requests and answers, opened into feature columns
    paths       what the path of a request tells: model, version, a check of health

Decisions
- A form is a query over lines, in a database in memory: no work per row in Python, and text of a log is never code.
- One record of the file is one row, one ignored or one set aside. A line that holds many (a batch, an export of spans)
  counts each of them.
- A form names its columns as the tool does; roles come from `hints`, else from the dictionary as for any table.
- Files of one form are one stream, wherever in the folder they lie: rotation, dates, workers. Folders whose names
  differ and are no dates become columns, unless the form reads its path itself.
"""

from __future__ import annotations

from console.logs.formats.access_combined import AccessLog, NginxJson
from console.logs.formats.bentoml import BentoMonitor, BentoServer
from console.logs.formats.databricks import Databricks
from console.logs.formats.form import LOOKED_AT, Cutter, Hint, Known, LogFormat, Look, look_at_text
from console.logs.formats.kserve import KServeBlob, KServeEvents
from console.logs.formats.kserve_trace import KServeTrace
from console.logs.formats.litellm import LiteLlm
from console.logs.formats.otlp import OtlpTraces
from console.logs.formats.otlp_logs import OtlpLogs
from console.logs.formats.otlp_metrics import OtlpMetrics
from console.logs.formats.prometheus import PrometheusText
from console.logs.formats.ray_serve import RayProxy, RayReplica
from console.logs.formats.sagemaker import SageMakerCapture, SageMakerTruth
from console.logs.formats.seldon import Seldon
from console.logs.formats.torchserve import TorchServeAccess, TorchServeMetrics
from console.logs.formats.uvicorn import UvicornAccess, UvicornTimed
from console.logs.formats.vertex import Vertex
from console.logs.formats.vllm import VllmStats

__all__ = ["FORMATS", "LOOKED_AT", "Cutter", "Hint", "Known", "LogFormat", "Look", "by_opening",
           "look_at_text", "named", "recognise"]

FORMATS: tuple[LogFormat, ...] = (
    Seldon(),
    Vertex(),
    Databricks(),
    KServeBlob(),
    KServeEvents(),
    SageMakerCapture(),
    SageMakerTruth(),
    LiteLlm(),
    KServeTrace(),
    VllmStats(),
    UvicornTimed(),
    UvicornAccess(),
    RayProxy(),
    RayReplica(),
    BentoMonitor(),
    BentoServer(),
    TorchServeAccess(),
    TorchServeMetrics(),
    NginxJson(),
    AccessLog(),
    OtlpTraces(),
    OtlpMetrics(),
    OtlpLogs(),
    PrometheusText(),
)
"""The most particular first: of two that are equally sure the earlier one is taken."""

BELIEVED = 0.5


def recognise(look: Look) -> tuple[LogFormat, Known] | None:
    """The form that is surest of this head; None when it is of none of them."""
    best: tuple[LogFormat, Known] | None = None
    for each in FORMATS:
        if look.format in each.formats and (known := each.recognise(look)) is not None:
            if known.confidence >= BELIEVED and (best is None or known.confidence > best[1].confidence):
                best = each, known
    return best


def by_opening(text: str) -> LogFormat | None:
    """The form that a line begins as, of which only the beginning is known; None for none."""
    bare = "".join(text[:1000].split())
    return next((each for each in FORMATS if each.opening and bare.startswith(each.opening)), None)


def named(name: str) -> LogFormat:
    """The form of that name; raises KeyError."""
    for each in FORMATS:
        if each.name == name:
            return each
    raise KeyError(name)
