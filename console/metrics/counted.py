"""Requests, failures and durations from the counters that serving tools export: for logs that have no requests.

A scrape says how many requests there were since the process began; the store keeps what each sample added. Names are
those of the tools' own documentation (Triton metrics.md, MLServer metrics, vLLM metrics, Ray Serve monitoring, BentoML
metrics, TorchServe metrics API, OpenTelemetry semantic conventions for HTTP and generative AI).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from console.metrics.view import Floats

BADGE = "from counters"

BUCKET = re.compile(r'(.*)_bucket\{le="([^"]+)"\}', re.DOTALL)
"""A bucket of a histogram, as the loader names its series: the base, and the upper end."""

NO_CURVE = re.compile(r"_(created|info|build_info)$|_(start_time|timestamp)_seconds$")
"""Series that are a constant or an instant: a line of them tells nothing."""

OF_THE_RUNTIME = re.compile(r"(process|python|go|jvm|promhttp|scrape|otelcol)[_.]")
"""What the process says about itself comes after what it serves."""


@dataclass(frozen=True, slots=True)
class _Tool:
    """answered: counters that add up to all requests; failed: those of failed ones, which `answered` includes.

    Without `failed` the tool tells failures by a label only, or not at all.
    """

    title: str
    answered: tuple[str, ...]
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Duration:
    """total: the counter of time; count: of how many requests; scale: to ms. base: its histogram, "" for none."""

    total: str
    count: str
    scale: float
    base: str = ""


TOOLS = (
    _Tool("Triton", ("nv_inference_request_success", "nv_inference_request_failure"),
          ("nv_inference_request_failure",)),
    _Tool("MLServer", ("model_infer_request_success", "model_infer_request_failure"), ("model_infer_request_failure",)),
    _Tool("vLLM", ("vllm:request_success",)),
    _Tool("Text Generation Inference", ("tgi_request_success", "tgi_request_failure"), ("tgi_request_failure",)),
    _Tool("Ray Serve", ("ray_serve_num_http_requests",), ("ray_serve_num_http_error_requests",)),
    _Tool("Ray Serve", ("serve_num_http_requests",), ("serve_num_http_error_requests",)),
    _Tool("TorchServe", ("ts_inference_requests",)),
    _Tool("BentoML", ("bentoml_service_request",)),
    _Tool("OpenTelemetry", ("gen_ai.server.request.duration_count",)),
    _Tool("OpenTelemetry", ("http.server.request.duration_count",)),
    _Tool("OpenTelemetry", ("http_server_request_duration_seconds_count",)),
    _Tool("a web server", ("http_requests",)),
)


def _histogram(base: str, scale: float) -> _Duration:
    return _Duration(f"{base}_sum", f"{base}_count", scale, base)


DURATIONS = (
    _Duration("nv_inference_request_duration_us", "nv_inference_request_success", 1e-3),
    _histogram("model_infer_request_duration", 1e3),
    _histogram("vllm:e2e_request_latency_seconds", 1e3),
    _histogram("tgi_request_duration", 1e3),
    _histogram("ray_serve_http_request_latency_ms", 1.0),
    _histogram("serve_http_request_latency_ms", 1.0),
    _Duration("ts_inference_latency_microseconds", "ts_inference_requests", 1e-3),
    _histogram("bentoml_service_request_duration_seconds", 1e3),
    _histogram("gen_ai.server.request.duration", 1e3),
    _histogram("http.server.request.duration", 1e3),
    _histogram("http_server_request_duration_seconds", 1e3),
    _histogram("rest_server_request_duration_seconds", 1e3),
    _histogram("http_request_duration_seconds", 1e3),
    _histogram("request_latency_seconds", 1e3),
    _histogram("request_latency_ms", 1.0),
)


@dataclass(frozen=True, slots=True)
class Counters:
    """What of a log counts requests; each name as it stands in the log.

    buckets  (upper end in ms, name), sorted; empty without a histogram of latencies
    """

    tool: str = ""
    answered: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    tells_failures: bool = False
    total: str = ""
    count: str = ""
    scale: float = 1.0
    buckets: tuple[tuple[float, str], ...] = ()

    @property
    def histogram(self) -> str:
        """The base of the histogram; "" without one."""
        return str(BUCKET.sub(lambda found: found[1], self.buckets[0][1])) if self.buckets else ""

    @property
    def names(self) -> frozenset[str]:
        """All series that are shown as throughput, errors or latency already."""
        parts = [f"{self.histogram}{end}" for end in ("", "_sum", "_count")] if self.buckets else []
        return frozenset({*self.answered, *self.failed, self.total, self.count, *parts} - {""})


def counters_of(names: Collection[str]) -> Counters:
    """The first tool that the names of the log's counters fit; the mean from the first pair of sum and count, the
    percentiles from the first histogram, which may be another's."""
    tool = next((tool for tool in TOOLS if _present(tool.answered, names)), None)
    pair = next(((one, total[0], count[0]) for one in DURATIONS if (total := _present((one.total,), names))
                 and (count := _present((one.count,), names))), None)
    histograms = _histograms(names)
    buckets = next((tuple((end * one.scale, name) for end, name in histograms[one.base]) for one in DURATIONS
                    if one.base in histograms), ())
    return Counters(
        tool.title if tool else "", _present(tool.answered, names) if tool else (),
        _present(tool.failed, names) if tool else (), bool(tool and tool.failed),
        *((pair[1], pair[2], pair[0].scale) if pair else ("", "", 1.0)), buckets)


def means_of(names: Collection[str]) -> dict[str, tuple[str, str]]:
    """base -> its series of sum and of count, for every pair of counters that a histogram or a summary leaves."""
    bases = (name.removesuffix("_sum") for name in names if name.endswith("_sum"))
    return {base: (f"{base}_sum", f"{base}_count") for base in bases if f"{base}_count" in names and base not in names}


def percentile(counts: Mapping[float, Floats], quantile: float) -> Floats:
    """The value at that share of the requests, by linear interpolation between the ends of buckets.

    counts  upper end -> requests in the bucket and all smaller ones, shape (buckets of time,)
    As Prometheus' histogram_quantile: beyond the last finite end, that end; NaN where nothing came.
    """
    ends = sorted(counts)
    below = np.maximum.accumulate(np.array([counts[end] for end in ends]), axis=0)
    total = below[-1]
    rank = quantile * total
    at = np.argmax(below >= rank, axis=0)
    column = np.arange(below.shape[1])
    upper = np.array(ends)[at]
    lower = np.where(at > 0, np.array([0.0, *ends])[at], min(0.0, ends[0]))
    before = np.where(at > 0, below[np.maximum(at - 1, 0), column], 0.0)
    inside = below[at, column] - before
    with np.errstate(divide="ignore", invalid="ignore"):
        value = lower + (upper - lower) * np.where(inside > 0, (rank - before) / inside, 0.0)
    value = np.where(np.isfinite(upper), value, lower)
    return np.where(total > 0, value, np.nan)


def _present(wanted: Collection[str], names: Collection[str]) -> tuple[str, ...]:
    """Those that the log has; many clients put `_total` behind the name of a counter."""
    return tuple(found for name in wanted for found in (name, f"{name}_total") if found in names)


def _histograms(names: Collection[str]) -> dict[str, list[tuple[float, str]]]:
    found: dict[str, list[tuple[float, str]]] = {}
    for name in names:
        match = BUCKET.fullmatch(name)
        if match is None:
            continue
        try:
            end = float(match[2].replace("+Inf", "inf"))
        except ValueError:
            continue
        found.setdefault(match[1], []).append((end, name))
    return {base: sorted(ends) for base, ends in found.items() if np.isinf(max(ends)[0])}
