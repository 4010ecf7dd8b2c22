"""What the path of a request tells, as SQL: the model and its version, and whether it is only a check of health."""

from __future__ import annotations

from console.store.names import literal

MODEL = r"/(?:v[12]/models|openai/deployments|wfpredict)/([^/:?# ]+)(?:/(?:versions|labels)/([^/:?# ]+))?"
"""`/v2/models/ctr/versions/1/infer` (KServe, Triton, MLServer), `/v1/models/ctr:predict` (TensorFlow, KServe)."""

PREDICTIONS = r"^/(?:predictions|explanations)/([^/:?# ]+)(?:/([^/:?# ]+))?"
"""TorchServe: `/predictions/ctr/2.0`."""

ENDPOINT = r"/(?:serving-)?endpoints/([^/?# ]+)/(?:served-models/([^/?# ]+)/)?invocations"
"""SageMaker and Databricks: the endpoint is what callers know as the model."""

HEALTH = (r"^/(?:ping|healthz?|healthz/(?:live|ready)|livez|readyz|metrics|-/healthz|v2/health(?:/[a-z]+)?|"
          r"v2/models/[^/?]+(?:/versions/[^/?]+)?/ready)/?(?:\?.*)?$")
"""The whole path, so that a page called `/health/tips` of a web server stays a request."""

PROBES = r"^(?:kube-probe/|ELB-HealthChecker/|GoogleHC/|Amazon-Route53-Health-Check)"

HEALTH_CHECK = "a check of health"


def model_in(path: str) -> str:
    """A struct (m VARCHAR, v VARCHAR) of SQL: model and version in a path, "" where it names none."""
    def found(pattern: str) -> str:
        return f"regexp_extract({path}, {literal(pattern)}, ['m', 'v'])"
    return (f"CASE WHEN {path} IS NULL THEN NULL WHEN regexp_matches({path}, {literal(PREDICTIONS)}) "
            f"THEN {found(PREDICTIONS)} WHEN regexp_matches({path}, {literal(ENDPOINT)}) THEN {found(ENDPOINT)} "
            f"ELSE {found(MODEL)} END")


def is_health(path: str, method: str, agent: str | None = None) -> str:
    """Whether a request only asks if the server lives, as SQL; never NULL."""
    probe = f" OR regexp_matches({agent}, {literal(PROBES)})" if agent else ""
    return (f"coalesce({method} IN ('GET', 'HEAD') AND (regexp_matches({path}, {literal(HEALTH)}){probe}), false)")
