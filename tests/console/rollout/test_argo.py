"""Plans of Argo Rollouts."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given

from console.errors import BadSettings
from console.rollout.argo import read_argo
from console.rollout.argo_written import as_argo
from console.rollout.plan import (
    Analysis,
    AnalysisStep,
    Arm,
    Counting,
    Experiment,
    ExperimentAnalysis,
    ExperimentArm,
    Kind,
    MatchKind,
    Pause,
    Plugin,
    SetCanaryScale,
    SetHeaderRoute,
    SetMirrorRoute,
    SetWeight,
)
from console.rollout.written import as_toml, read_plan
from tests.console.rollout.plans import argo_like
from tests.tiers import examples

HEAD = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata:\n  name: ranker\nspec:\n  replicas: 4\n  strategy:\n"

RANKER = HEAD + """\
    canary:
      canaryService: ranker-canary
      trafficRouting:
        managedRoutes: [{name: shadow}, {name: insiders}]
        istio: {virtualService: {name: ranker}}
      analysis:
        templates:
        - templateName: success-rate
        - templateName: p99
          clusterScope: true
        startingStep: 3
        args:
        - {name: service, value: ranker-canary.prod}
        - name: hash
          valueFrom: {podTemplateHashValue: Latest}
        dryRun: [{metricName: p99}]
      steps:
      - setCanaryScale: {replicas: 1}
      - setMirrorRoute:
          name: shadow
          percentage: 35
          match:
          - method: {exact: GET}
            path: {prefix: /rank}
          - headers: {x-kind: {regex: ".*bot.*"}}
      - pause: {duration: 1h}
      - setMirrorRoute: {name: shadow}
      - setHeaderRoute:
          name: insiders
          match: [{headerName: x-insider, headerValue: {exact: "yes"}}]
      - setWeight: 5
      - pause: {duration: "600"}
      - experiment:
          duration: 10m
          templates:
          - {name: baseline, specRef: stable, weight: 5}
          - {name: canary, specRef: canary}
          analyses:
          - {name: compare, templateName: success-rate, requiredForCompletion: true,
             args: [{name: service, value: ranker-experiment.prod}]}
      - analysis:
          templates: [{templateName: success-rate}]
      - plugin: {name: org/notify, config: {room: ops}}
      - setWeight: 100
      - pause: {}
---
apiVersion: v1
kind: Service
metadata: {name: ranker-canary}
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: success-rate}
spec:
  args:
  - name: service
  - {name: least, value: "0.95"}
  metrics:
  - name: success-rate
    interval: 5m
    initialDelay: 30s
    count: "4"
    successCondition: result[0] >= {{args.least}}
    failureLimit: 3
    provider:
      prometheus:
        address: http://prometheus.example.com:9090
        query: |
          sum(rate(requests{service="{{args.service}}", code!~"5.."}[5m])) / sum(rate(requests[5m]))
---
apiVersion: argoproj.io/v1alpha1
kind: ClusterAnalysisTemplate
metadata: {name: p99}
spec:
  metrics:
  - name: p99
    interval: 60
    failureCondition: result > 0.5
    consecutiveErrorLimit: 1
    provider: {web: {url: "http://stats/p99", jsonPath: "{$.p99}"}}
"""


def test_that_a_canary_is_read_whole():
    found = read_argo(RANKER, file="r.yaml")
    plan = found.plan
    assert (plan.name, plan.kind, plan.counting) == ("ranker", Kind.CANARY, Counting.ARGO)
    assert plan.background == Analysis(
        ("success-rate", "p99"), (("service", "ranker-canary.prod"),
                                  ("hash", 'valueFrom {"podTemplateHashValue": "Latest"}')), ("p99",), ("p99",), 3)
    scale, mirror, hour, end, header, five, ten, experiment, analysis, plugin, full, forever = plan.steps
    assert scale == SetCanaryScale(replicas=1)
    assert isinstance(mirror, SetMirrorRoute) and mirror.percent == 35 and len(mirror.match) == 2
    assert mirror.match[1].headers[0].value.kind is MatchKind.REGEX
    assert (hour, end, five, ten) == (Pause(3600), SetMirrorRoute("shadow"), SetWeight(5), Pause(600))
    assert isinstance(header, SetHeaderRoute) and header.match[0].value.text == "yes"
    assert experiment == Experiment(
        (ExperimentArm("baseline", Arm.STABLE, 5), ExperimentArm("canary", Arm.CANDIDATE)), 600,
        (ExperimentAnalysis("compare", "success-rate", True, (("service", "ranker-experiment.prod"),)),))
    assert analysis == AnalysisStep(Analysis(("success-rate",)))
    assert plugin == Plugin("org/notify", '{"room": "ops"}')
    assert (full, forever) == (SetWeight(100), Pause(None))
    rate, p99 = plan.gates
    assert (rate.interval_s, rate.initial_delay_s, rate.count, rate.failure_limit) == (300, 30, 4, 3)
    assert (p99.interval_s, p99.count, p99.measurements, p99.consecutive_error_limit) == (60, None, None, 1)
    asked, dry = plan.gates_of(plan.background)
    assert asked.success == "result[0] >= 0.95" and 'service="ranker-canary.prod"' in asked.query
    assert not asked.dry_run and dry.dry_run
    assert [gate.name for gate in plan.unbound()] == ["success-rate", "p99"]


def test_that_what_has_no_effect_is_kept_and_said_with_its_line():
    notes = {note.line: note.text for note in read_argo(RANKER, file="r.yaml").notes}
    lines = RANKER.splitlines()
    assert "No effect in a replay" in notes[lines.index("      - setCanaryScale: {replicas: 1}") + 1]
    assert "Cannot run here" in notes[lines.index("      - plugin: {name: org/notify, config: {room: ops}}") + 1]


def same_again(plan):
    return read_argo(as_argo(plan), file="again.yaml").plan


def test_that_a_plan_imported_exported_and_imported_again_is_the_same_plan():
    plan = read_argo(RANKER, file="r.yaml").plan
    assert same_again(plan) == plan
    assert read_plan(as_toml(plan)) == plan


@examples(15, 2000)
@given(argo_like())
def test_that_any_plan_of_argo_survives_export_and_import(plan):
    first = same_again(plan)        # gates that nothing asks for are not looked for, and the degree is not Argo's
    assert first.steps == plan.steps and first.background == plan.background
    assert same_again(first) == first
    asked = {name for _, analysis in plan.analyses() for name in analysis.templates}
    assert set(first.gates) == {gate for gate in plan.gates if gate.template in asked}


BLUE_GREEN = HEAD + """\
    blueGreen:
      activeService: active
      previewService: preview
      autoPromotionEnabled: false
      scaleDownDelaySeconds: 600
      prePromotionAnalysis:
        templates: [{templateName: smoke}]
      postPromotionAnalysis:
        templates: [{templateName: smoke}]
"""


def test_that_blue_green_is_read_and_a_template_from_another_file():
    alone = read_argo(BLUE_GREEN, file="b.yaml")
    assert alone.plan.kind is Kind.BLUE_GREEN and not alone.plan.auto_promotion and alone.plan.keep_old_s == 600
    assert [(gate.name, gate.runnable) for gate in alone.plan.gates] == [("smoke", False)]
    assert any("`smoke` is not in what was read" in note.text for note in alone.notes)
    assert same_again(alone.plan) == alone.plan
    template = ("kind: AnalysisTemplate\napiVersion: argoproj.io/v1alpha1\nmetadata: {name: smoke}\n"
                "spec: {metrics: [{name: ok, maxFailures: 2, provider: {job: {spec: {}}}}]}\n")
    together = read_argo(BLUE_GREEN, file="b.yaml", more=[("t.yaml", template)])
    gate, = together.plan.gates
    assert (gate.name, gate.template, gate.failure_limit, gate.provider) == ("ok", "smoke", 2, "job")
    assert any("old spelling" in note.text for note in together.notes)
    assert same_again(together.plan) == together.plan


def test_that_weights_of_another_whole_become_percent():
    text = HEAD + ("    canary:\n      trafficRouting: {maxTrafficWeight: 300}\n      steps: [{setWeight: 100}, "
                   "{setWeight: 3}]\n")
    plan = read_argo(text).plan
    assert plan.steps == (SetWeight(100 / 3), SetWeight(1))
    assert same_again(plan) == plan


def steps(text):
    return HEAD + "    canary:\n      trafficRouting: {}\n      steps:\n" + text


REFUSED = [
    ("two keys", steps("      - setWeight: 5\n        pause: {}\n"), "f.yaml, line 11: A step has exactly one key"),
    ("no such step", steps("      - sleep: 5\n"), "f.yaml, line 11: There is no step `sleep`."),
    ("weight", steps("      - setWeight: 101\n"), "f.yaml, line 11: A weight of 101 of 100"),
    ("weight as text", steps("      - setWeight: '5'\n"), "f.yaml, line 11: `setWeight` must be a whole number"),
    ("days", steps("      - pause: {}\n      - pause:\n          duration: 1d\n"),
     "f.yaml, line 13: `duration`: `1d` is no length of time."),
    ("negative", steps("      - pause: {duration: -5}\n"), "f.yaml, line 11: `duration`: `-5` is a length below zero"),
    ("two comparisons", steps("      - setHeaderRoute: {name: a, match: [{headerName: b, headerValue: {exact: a, "
                              "regex: b}}]}\n"), "f.yaml, line 11: `headerValue` is compared by exactly one of"),
    ("no routing", HEAD + "    canary:\n      steps:\n      - setCanaryScale: {replicas: 1}\n",
     "f.yaml, line 10: `setCanaryScale` needs trafficRouting"),
    ("both", HEAD + "    canary: {}\n    blueGreen: {activeService: a}\n", "f.yaml, line 8: A strategy is canary or"),
    ("chart", steps("      - setWeight: {{ .Values.weight }}\n"), "f.yaml, line 11: `{{` outside quotes: this is an "
                                                                  "unrendered chart"),
    ("chart in a text", HEAD.replace("ranker", "x-{{ .Release.Name }}") + "    canary: {}\n",
     "f.yaml, line 4: `{{` outside quotes: this is an unrendered chart"),
    ("chart lines", "{{- if .Values.on }}\n" + HEAD, "f.yaml, line 1: `{{` outside quotes: this is an unrendered"),
    ("tag", steps("      - !!python/object:os.system {}\n"), "f.yaml, line 11: The tag tag:yaml.org,2002:python/obj"),
    ("own tag", steps("      - !mine {setWeight: 5}\n"), "f.yaml, line 11: The tag !mine is not understood"),
    ("not YAML", HEAD + "    canary: [\n", "f.yaml, line 9: It is not valid YAML"),
    ("twice", HEAD + "    canary: {}\n    canary: {}\n", "f.yaml, line 9: `canary` is given twice"),
    ("nothing", "kind: Service\n", "f.yaml: It holds no `kind: Rollout`."),
    ("two rollouts", HEAD + "    canary: {}\n---\n" + HEAD + "    canary: {}\n", "f.yaml: It holds 2 rollouts"),
    ("condition", RANKER.replace("result > 0.5", "result > foo"), "f.yaml, line "),
    ("argument", RANKER.replace('count: "4"', 'count: "{{args.many}}"'), "f.yaml, line "),
]


@pytest.mark.parametrize("text, said", [pytest.param(text, said, id=name) for name, text, said in REFUSED])
def test_that_what_cannot_be_honoured_is_refused_with_line_and_reason(text, said):
    with pytest.raises(BadSettings) as error:
        read_argo(text, file="f.yaml")
    assert str(error.value).startswith(said) and error.value.do


@pytest.mark.parametrize("text", [
    "a: &a [x]\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 10)}]\n"
                            for n in range(9)),
    "a: &a [*a]\n", "[" * 2000, "a: " + "x" * 3_000_000,
], ids=["copies of copies", "itself", "deep", "long"])
def test_that_files_that_unfold_without_end_are_refused(text):
    with pytest.raises(BadSettings):
        read_argo(text + HEAD, file="f.yaml")


def test_that_an_alias_and_a_merge_are_read():
    text = HEAD + ("    canary:\n      steps:\n      - setWeight: 5\n      - pause: &wait {duration: 5m}\n"
                   "      - setWeight: 50\n      - pause: {<<: *wait}\n      - pause: *wait\n")
    assert read_argo(text).plan.steps == (SetWeight(5), Pause(300), SetWeight(50), Pause(300), Pause(300))


def test_that_an_export_of_our_own_plan_is_yaml_and_says_what_argo_cannot():
    plan = read_plan('name = "careful"\nmax_hold = "1h"\nsteps = [{ mirror = { name = "m", percent = 100 } }, '
                     '{ bake = "10m" }, { weight = 2.5 }, { bake = "10m" }]\n[[gate]]\nname = "errors"\n'
                     'test = "error_share"\nmeasure = "error_rate"\n[[gate]]\nname = "slow"\nat_most = 0.02\n'
                     'measure = { metric = "latency_share", limit_ms = 250 }\ninterval = "1m"\n')
    text = as_argo(plan)
    rollout, template = yaml.safe_load_all(text)
    canary = rollout["spec"]["strategy"]["canary"]
    assert canary["trafficRouting"]["maxTrafficWeight"] == 40
    assert [list(step) for step in canary["steps"]] == [["setMirrorRoute"], ["pause"], ["setWeight"], ["pause"]]
    assert canary["steps"][2] == {"setWeight": 1}
    assert canary["analysis"]["templates"] == [{"templateName": template["metadata"]["name"]}]
    assert template["spec"]["metrics"][1]["successCondition"] == "result[0] <= 0.02"
    for said in ("max_hold_s = 3600", "until the candidate had 100 requests", "the test `error_share`",
                 "mirrors nothing without `match`", "degree of automation"):
        assert sum(said in line for line in text.splitlines() if line.lstrip().startswith("#")) >= 1, said
