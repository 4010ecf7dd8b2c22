"""One good record of each serving tool's form, and ways to spoil it."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

TRACE = "b16a09776af0715c5aa8c53b946a6711"
SPAN = {"traceId": TRACE, "spanId": "5faf8e5120c24ec7", "parentSpanId": "", "name": "chat", "kind": 2,
        "startTimeUnixNano": "1773043209496054272", "endTimeUnixNano": "1773043209596054272", "status": {},
        "attributes": [{"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
                       {"key": "gen_ai.request.model", "value": {"stringValue": "small"}},
                       {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "12"}}]}
RESOURCE = {"attributes": [{"key": "service.name", "value": {"stringValue": "assist"}}]}
POINT = {"startTimeUnixNano": "1773043209496054272", "timeUnixNano": "1773043219496054272", "asDouble": 5.5}
ASKED = {"instances": [{"age": 45.4, "device": "phone"}]}
RAY = {"asctime": "2026-11-23 18:49:22,469", "levelname": "INFO", "message": "POST /predict 200 26.0ms",
       "filename": "proxy.py", "component_name": "proxy", "component_id": "192.0.2.2", "route": "/predict",
       "request_id": "req-1", "timestamp_ns": 1795459762469370194}

JSON: dict[str, dict[str, Any]] = {
    "sagemaker": {
        "captureData": {"endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "encoding": "CSV",
                                          "data": "47.3,phone,US"},
                        "endpointOutput": {"observedContentType": "text/csv", "mode": "OUTPUT", "encoding": "CSV",
                                           "data": "0.048"}},
        "eventMetadata": {"eventId": "e1", "inferenceId": "r1", "inferenceTime": "2026-03-02T00:13:40Z"},
        "eventVersion": "0"},
    "sagemaker-ground-truth": {
        "groundTruthData": {"data": "1", "encoding": "CSV"}, "eventMetadata": {"eventId": "r1"}, "eventVersion": "0"},
    "databricks": {
        "client_request_id": "c1", "databricks_request_id": "d1", "timestamp_ms": 1772445600123, "status_code": 200,
        "execution_time_ms": 18, "request": json.dumps({"dataframe_records": [{"age": 4}]}),
        "response": json.dumps({"predictions": [0.25]}), "sampling_fraction": 0.5,
        "request_metadata": {"endpoint_name": "ctr-ep", "model_name": "ctr", "model_version": "2"}},
    "kserve-cloudevents": {
        "specversion": "1.0", "id": "a1", "source": "http://localhost:9081/", "time": "2026-03-02T10:00:00.0005Z",
        "type": "org.kubeflow.serving.inference.request", "datacontenttype": "application/json",
        "inferenceservicename": "ctr", "namespace": "prod", "component": "predictor", "endpoint": "default",
        "data": ASKED},
    "kserve-blob": {
        "id": "a1", "reqType": "request", "bytes": json.dumps(ASKED), "occurrenceTime": "2026-03-02T10:00:00.0005Z"},
    "vertex": {
        "endpoint": "projects/1/locations/europe-west4/endpoints/5", "deployed_model_id": "4871203948571029384",
        "logging_time": "2026-03-02 10:00:00.123456 UTC", "request_id": "123456789012345678901234567890",
        "request_payload": ['{"age": 3}'], "response_payload": ["0.25"]},
    "seldon": {
        "ServingEngine": "seldon", "Ce-Inferenceservicename": "ctr", "Ce-Endpoint": "default", "Ce-Namespace": "prod",
        "Ce-Modelid": "classifier", "@timestamp": "2026-03-02T10:00:09Z", "RequestId": "q1",
        "request": {"ce-time": "2026-03-02T10:00:00.500Z", "dataType": "tabular", "elements": {"age": [45.5]},
                    "instance": [45.5]},
        "response": {"ce-time": "2026-03-02T10:00:00.518Z", "dataType": "tabular", "instance": [0.25]}},
    "litellm": {
        "id": "chatcmpl-1", "trace_id": "t1", "call_type": "acompletion", "stream": True, "status": "success",
        "prompt_tokens": 12, "completion_tokens": 7, "total_tokens": 19, "response_cost": 0.0025,
        "startTime": 1772445600.5, "endTime": 1772445602.75, "completionStartTime": 1772445600.75,
        "response_time": 2.25, "model": "small-2", "model_group": "assist", "end_user": "u1",
        "metadata": {"requester_metadata": {"device": "tv"}},
        "response": {"choices": [{"finish_reason": "stop", "message": {"content": "yes"}}]}},
    "ray-proxy": RAY,
    "ray-replica": {**RAY, "component_name": "replica", "deployment": "ctr_CTR", "replica": "ox4fih1v"},
    "bentoml-monitor": {
        "age": 39.4, "device": "phone", "click_probability": 0.108, "timestamp": "2026-11-23T18:36:27.588686",
        "request_id": "6894886033620618951", "trace_id": str(int(TRACE, 16))},
    "nginx-json": {
        "time_iso8601": "2026-03-03T08:53:43+00:00", "msec": "1772528023.422", "remote_addr": "198.18.0.2",
        "request_method": "POST", "request_uri": "/v2/models/ctr/versions/1/infer", "status": "200",
        "body_bytes_sent": "60", "request_time": "0.025", "upstream_response_time": "0.024, 0.1"},
    "otlp-traces": {"resourceSpans": [{"resource": RESOURCE, "scopeSpans": [{"scope": {"name": "s"},
                                                                             "spans": [SPAN]}]}]},
    "otlp-metrics": {"resourceMetrics": [{"resource": RESOURCE, "scopeMetrics": [{"scope": {"name": "s"}, "metrics": [
        {"name": "queue", "unit": "1", "gauge": {"dataPoints": [POINT]}},
        {"name": "took", "unit": "s", "histogram": {"aggregationTemporality": 2, "dataPoints": [
            {**POINT, "count": "3", "sum": 0.5, "bucketCounts": ["1", "2"], "explicitBounds": [0.1]}]}}]}]}]},
    "otlp-logs": {"resourceLogs": [{"resource": RESOURCE, "scopeLogs": [{"scope": {"name": "s"}, "logRecords": [
        {"timeUnixNano": "1773043219496054272", "severityText": "INFO", "body": {"stringValue": "done"},
         "traceId": TRACE, "attributes": SPAN["attributes"]}]}]}]},
}

LINES: dict[str, str] = {
    "access-log": '198.18.0.26 - - [18/May/2015:07:05:16 +0000] "GET /?flav=rss20 HTTP/1.1" 200 29941 "-" "-" 0.012',
    "bentoml-server": (
        "2026-11-23T18:36:28+0000 [INFO] [entry_service:click_model:1] 127.0.0.1:47898 (scheme=http,method=POST,"
        "path=/predict,type=application/json,length=97) (status=200,type=application/json,length=41) 7.227ms "
        f"(trace={TRACE},span=96438f7787ec9b26,sampled=0,service.name=click_model)"),
    "kserve-trace": ("2026-03-02 12:00:42.123 9 kserve.trace requestId: 6f1c, preprocess_ms: 0.007, explain_ms: 0, "
                     "predict_ms: 5.3, postprocess_ms: 0.013"),
    "prometheus": 'nv_inference_request_success{model="ctr",version="1"} 12 1772445600123',
    "torchserve-access": '2026-11-23T18:46:33,219 - /127.0.0.1:56204 "POST /predictions/ctr HTTP/1.1" 200 9',
    "torchserve-metrics": ("2026-11-23T18:46:31,197 - PredictionTime.ms:5.25|#ModelName:ctr,Level:Model"
                           "|#hostname:vm,requestID:ae40,timestamp:1795459591"),
    "uvicorn-access": 'INFO:     127.0.0.1:56036 - "POST /predict HTTP/1.1" 200 OK',
    "uvicorn-timed": '2026-03-02 12:00:42,123 INFO:     127.0.0.1:56036 - "POST /predict HTTP/1.1" 200 OK',
    "vllm-stats": ("(APIServer pid=1) INFO 03-02 00:00:10 [loggers.py:248] Engine 000: Avg prompt throughput: 20.4 "
                   "tokens/s, Avg generation throughput: 9.3 tokens/s, Running: 1 reqs, Waiting: 2 reqs, GPU KV cache "
                   "usage: 46.5%, Prefix cache hit rate: 25.0%"),
}

ODD_VALUES: tuple[object, ...] = (
    None, True, -1, 0, 1e308, 10**400, "", "x" * 50_000, "\x00", "\ud800", "'; DROP TABLE files; --", "2026-99-99",
    "NaN", [], {}, [[[[[]]]]], [None] * 1000, {"a": {"b": {"c": [1, {"d": 2}]}}}, {"": 1}, {f"k{n}": n for n in
                                                                                       range(3000)},
    "99999999999999999999999", "0x1f", "é" * 3000, {"instances": "no"}, "eyJhIjoxfQ==", "[1,2,3", "1,2\n3,4", -1e-320)


def spoiled(chance: random.Random, form: str) -> bytes:
    """A record of the form with something wrong in it."""
    if form in JSON:
        record = json.loads(json.dumps(JSON[form]))
        for _ in range(chance.choice([1, 1, 2, 5])):
            _spoil(chance, record)
        text = json.dumps(record).encode()
    else:
        text = LINES[form].encode()
        words = text.split(b" ")
        odd = json.dumps(chance.choice(ODD_VALUES)).encode()
        words[chance.randrange(len(words))] = chance.choice(
            [b"", b"-", odd[:200], b'"', b"\\", b"9" * 400, b"\xff\xfe"])
        text = b" ".join(words)
    if chance.random() < 0.3:
        at = chance.randrange(len(text))
        text = chance.choice([text[:at], text[at:], text[:at] + b"\0" * 9 + text[at:], text[:at] + text,
                              text[:at] + b"\xc3\x28" + text[at:]])
    return text.replace(b"\n", b" ")


def _spoil(chance: random.Random, node: Any) -> None:
    """Something of an object, or of one within it."""
    while isinstance(node, dict | list) and node:
        key = chance.choice(list(node)) if isinstance(node, dict) else chance.randrange(len(node))
        if isinstance(node[key], dict | list) and node[key] and chance.random() < 0.75:
            node = node[key]
            continue
        if chance.random() < 0.2:
            del node[key]
        else:
            node[key] = copy.deepcopy(chance.choice(ODD_VALUES))     # it may be spoiled further
        return


def good(form: str) -> bytes:
    """A record as it should be."""
    return json.dumps(JSON[form]).encode() if form in JSON else LINES[form].encode()


FORMS = (*JSON, *LINES)
