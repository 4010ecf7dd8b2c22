"""Guesses what columns mean: by name first (formats.md 3.15), then checked against type, range and values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from console.logs import features, units
from console.logs.cells import Facts
from console.logs.features import Guess
from console.logs.names import words
from console.logs.plan import ColumnPlan
from console.roles import INPUT_ROLES, TIME_ROLES, ColumnType, Role, StreamKind

Check = Callable[[Facts], bool]


@dataclass(frozen=True)
class Rule:
    """Names for one role in the order in which they win, and what its values must look like.

    A name may start or end with `*`; names are compared word by word, so `requestId` is `request_id`.
    """

    role: Role
    names: str
    holds: Check
    says: str
    type: ColumnType | None = None     # the type that its cells are kept in, when not the one they look like

    @cached_property
    def patterns(self) -> tuple[str, ...]:
        return tuple(self.names.split())


def _any(facts: Facts) -> bool:
    return bool(facts.texts) and not facts.nested


def _time(facts: Facts) -> bool:
    return facts.type is ColumnType.TIME


def _number(facts: Facts) -> bool:
    return facts.is_number()


def _duration(facts: Facts) -> bool:
    return facts.is_number() and sum(number < 0 for number in facts.numbers) <= 0.01 * len(facts.numbers)


def _share(facts: Facts) -> bool:
    return facts.is_number() and facts.low >= 0 and facts.high <= 1


def _few(facts: Facts) -> bool:
    if not _any(facts) or facts.type is ColumnType.TIME or (facts.is_number() and not facts.whole):
        return facts.is_number() and facts.distinct <= 10 and bool(facts.texts)   # versions 1.0, 1.1
    return facts.distinct <= 50 and (facts.distinct <= 5 or facts.unique_share <= 0.5)


def _version(facts: Facts) -> bool:
    """Few values and no paths: an `endpoint` may be a URL."""
    return _few(facts) and not any("/" in text for text in facts.texts)


def _id(facts: Facts) -> bool:
    if not _any(facts) or facts.type in (ColumnType.TIME, ColumnType.FLAG) or (facts.is_number() and not facts.whole):
        return False
    return len(facts.texts) < 5 or facts.unique_share >= 0.3


def _user(facts: Facts) -> bool:
    return _any(facts) and facts.type is not ColumnType.TIME and (not facts.is_number() or facts.whole)


OUTCOME_WORDS = {"success", "succeeded", "successful", "ok", "error", "errored", "failure", "failed", "fail", "timeout",
                 "timed_out", "cancelled", "canceled", "rejected", "completed", "complete", "done", "unknown", "true",
                 "false", "internal", "unavailable", "deadline_exceeded", "aborted", "throttled", "overloaded"}


def _status(facts: Facts) -> bool:
    if facts.is_number():
        return facts.whole and facts.low >= -1 and facts.high <= 599 and facts.distinct <= 60
    known = sum(text.lower() in OUTCOME_WORDS or re.fullmatch(r"[1-5]\d\d( .*)?", text) is not None
                for text in facts.texts)
    return bool(facts.texts) and known >= 0.5 * len(facts.texts)


def _outcome(facts: Facts) -> bool:
    if facts.is_number():
        return True
    return _any(facts) and facts.type is not ColumnType.TIME and (facts.distinct <= 50 or facts.unique_share <= 0.5)


def _click(facts: Facts) -> bool:
    return facts.type is ColumnType.FLAG or (facts.is_number() and facts.whole and facts.low >= 0) or (
        bool(facts.texts) and facts.distinct <= 4 and not facts.nested and facts.type is ColumnType.TEXT)


def _decibels(facts: Facts) -> bool:
    return facts.is_number() and facts.high <= 6


def _brightness(facts: Facts) -> bool:
    return facts.is_number() and facts.low >= 0 and facts.high <= 255


def _count(facts: Facts) -> bool:
    return facts.is_number() and facts.whole and facts.low >= 0


RULES: tuple[Rule, ...] = (
    Rule(Role.ARRIVAL_TIME, "arrival_time arrived_at arrived received_at ingested_at ingestion_time ingest_time "
         "recorded_time recordedtime", _time, "time at which it came in"),
    Rule(Role.OUTCOME_TIME, "label_ts label_time label_timestamp labelled_at labeled_at outcome_* click_ts click_time "
         "clicked_at feedback_time feedback_ts converted_at conversion_time reward_ts actual_ts actual_timestamp "
         "target_time ground_truth_time", _time, "time of the outcome"),
    Rule(Role.TIMESTAMP, "ts timestamp event_time event_ts event_timestamp event_time_* request_ts request_timestamp "
         "request_time time @timestamp prediction_ts prediction_time prediction_timestamp inference_time logging_time "
         "occurrence_time timestamp_ns timestamp_us timestamp_ms timestamp_* time_hour msec time_iso8601 asctime "
         "gmt_create unix_time ds start_time start_time_unix_nano started_at datetime date_time created_at created "
         "date t epoch day *_timestamp *_ts time_* *_time *_at *_date", _time, "the time of the row"),
    Rule(Role.REQUEST_ID, "request_id req_id prediction_id inference_id invocation_id client_request_id event_id "
         "impression_id correlation_id databricks_request_id call_id trace_id uuid guid record_id row_id id",
         _id, "key of the request", ColumnType.TEXT),
    Rule(Role.USER_ID, "user_id uid user visitor visitor_id userid customer_id client_id account_id member_id end_user "
         "subscriber_id player_id group_id groupid session_id", _user, "who asked", ColumnType.TEXT),
    Rule(Role.MODEL_VERSION, "model_version variant model_variant model_ver version_id version ver "
         "checkpoint_model_version_id model_version_id checkpoint deployed_model_id served_entity_id "
         "gen_ai_response_model policy policy_name experiment_arm endpoint release *_model_version",
         _version, "version of the model", ColumnType.TEXT),
    Rule(Role.MODEL, "model model_name model_id modelname gen_ai_request_model inferenceservicename model_group "
         "deployment application endpoint_name", _few, "the model", ColumnType.TEXT),
    Rule(Role.HOST, "host hostname host_name pod pod_name node node_name instance instance_id machine server "
         "server_name replica worker worker_id container", _user, "the machine", ColumnType.TEXT),
    Rule(Role.STATUS, "status_code http_status http_status_code status response_code response_status "
         "http_response_status_code predict_status result_status grpc_status error_code state success ok",
         _status, "how it ended"),
    Rule(Role.TIME_TO_FIRST_TOKEN, "ttft ttft_* time_to_first_token time_to_first_token_* first_token_latency*",
         _duration, "time to the first token"),
    Rule(Role.LATENCY, "latency_ms latency latency_* *_latency_ms *_latency duration_ms duration_s duration "
         "request_duration* response_time response_time_* request_time execution_time_ms execution_duration_ms "
         "execution_time* exec_time_seconds exec_time* took_us took_ms took took_* elapsed elapsed_* *_elapsed_ms "
         "inference_time* inference_ms predict_ms processing_time* total_time_ms total_ms rt_ms duration_* "
         "upstream_response_time", _duration, "how long the answer took"),
    Rule(Role.SHADOW_PREDICTION, "shadow_prediction shadow_score shadow_pred shadow challenger_prediction "
         "challenger_score", _any, "answer of the shadow model"),
    Rule(Role.ARM_PROBABILITY, "propensity_score propensity pscore arm_probability action_probability action_prob "
         "logging_probability p_action", _share, "probability with which this arm was chosen"),
    Rule(Role.SAMPLING_FRACTION, "sampling_fraction sampling_rate sample_rate sample_fraction", _share,
         "share of the traffic that is logged"),
    Rule(Role.SCORE, "y_pred_proba score y_pred_proba_* y_score pred_score prediction_score predicted_score "
         "predicted_probability pred_proba click_probability p_click probability confidence proba prob pctr p_ctr "
         "*_probability *_proba", _number, "score of the model"),
    Rule(Role.PREDICTION, "prediction pred y_pred predicted yhat y_hat prediction_label prediction_value "
         "predicted_label predicted_class model_output prediction_* pred_* y_pred_* *_prediction", _any,
         "answer of the model"),
    Rule(Role.CHURNED, "churned churn is_churned has_churned", _click, "whether the user left"),
    Rule(Role.CLICKED, "clicked click is_clicked is_click has_clicked clicks did_click", _click,
         "whether it was clicked"),
    Rule(Role.LABEL, "label y_true target outcome ground_truth actual actual_label actual_value actual_* reward repaid "
         "converted conversion purchased true_label", _outcome, "the truth that came later"),
    Rule(Role.INPUT_TOKENS, "prompt_tokens input_tokens n_prompt_tokens num_prompt_tokens context_tokens "
         "contexttokens request_tokens gen_ai_usage_input_tokens gen_ai_usage_prompt_tokens input_token_count "
         "prompt_token_count", _count, "tokens that went in"),
    Rule(Role.OUTPUT_TOKENS, "completion_tokens output_tokens generated_tokens generatedtokens generation_tokens "
         "response_tokens gen_ai_usage_output_tokens gen_ai_usage_completion_tokens output_token_count "
         "completion_token_count n_output_tokens", _count, "tokens that came out"),
    Rule(Role.IMAGE_BRIGHTNESS, "image_brightness image_brightness_* brightness mean_brightness avg_brightness "
         "*_brightness", _brightness, "brightness of the picture"),
    Rule(Role.AUDIO_VOLUME, "audio_volume audio_volume_* volume_dbfs dbfs *_dbfs loudness loudness_* audio_level "
         "rms_db volume_db volume",
         _decibels, "volume of the sound"),
    Rule(Role.FEATURE_LENGTH, "seq_len n_tokens num_tokens token_count sequence_length seq_length text_length text_len "
         "query_len query_length prompt_length prompt_len input_length input_len doc_length document_length "
         "message_length sentence_length content_length n_words word_count num_words n_chars char_count *_len",
         _count, "length of the input"),
)
"""In this order, which is also the order in which a column is claimed: times first, features last."""

PATTERNS = frozenset(pattern for rule in RULES for pattern in rule.patterns)
MARKED = frozenset(pattern for pattern in PATTERNS if pattern.startswith("@"))
PARTS = tuple(sorted(pattern for pattern in PATTERNS if "*" in pattern))
BEGINNINGS = tuple(pattern[:-1] for pattern in PARTS if pattern.endswith("*"))
ENDINGS = tuple(pattern[1:] for pattern in PARTS if pattern.startswith("*"))
WHOLE: dict[str, list[str]] = {}
"""Patterns without a star, by their letters alone."""
for _pattern in sorted(PATTERNS - MARKED - set(PARTS)):
    WHOLE.setdefault(_pattern.replace("_", ""), []).append(_pattern)

MANY = {Role.CPU, Role.MEMORY, Role.GPU, Role.LOAD, Role.FEATURE, Role.METRIC_VALUE}

RESOURCES = ((Role.GPU, {"gpu", "cuda", "vram"}), (Role.CPU, {"cpu", "cpus"}),
             (Role.MEMORY, {"mem", "memory", "rss", "ram"}),
             (Role.LOAD, {"load", "load1", "load5", "load15", "loadavg"}))

INDEX = re.compile(r"|unnamed: ?\d+|index|level_\d+|__index_level_\d+__|rownames?", re.IGNORECASE)
"""The row numbers that a data frame leaves behind."""

METRIC_NAMES = "metric metric_name key name series measurement"
METRIC_VALUES = "value metric_value val y reading count"


def guess(columns: Sequence[Facts]) -> list[Guess | None]:
    """One guess a column, None where no rule speaks; features are left to `features`, when the kind is known."""
    guesses: list[Guess | None] = [None] * len(columns)
    for place, facts in enumerate(columns):
        guesses[place] = _index(facts) or _resource(facts)
    said: dict[str, list[int]] = {}
    for place, facts in enumerate(columns):
        for pattern in patterns_of(facts.name):
            said.setdefault(pattern, []).append(place)
    for rule in RULES:
        _claim(rule, columns, said, guesses)
    _lonely_time(columns, guesses)
    _bandit_arm(columns, guesses)
    _token_pair(columns, guesses)
    return guesses


def _claim(rule: Rule, columns: Sequence[Facts], said: Mapping[str, Sequence[int]],
           guesses: list[Guess | None]) -> None:
    for pattern in rule.patterns:
        for place in said.get(pattern, ()):
            facts = columns[place]
            if guesses[place] is None and rule.holds(facts):
                unit, how = units.of(rule.role, facts)
                shown = facts.name if len(facts.name) <= 40 else facts.name[:37] + "..."
                why = f"Named “{shown}”: {rule.says}{', ' + how if how else ''}"
                guesses[place] = Guess(rule.role, why, unit, rule.type)
                return


@lru_cache(maxsize=8192)
def _plain(name: str) -> str:
    return "_".join(words(name))


def patterns_of(name: str) -> frozenset[str]:
    """Those of the rules that say this name. Looked up, not tried one by one: a file may have 10,000 names."""
    plain = _plain(name)
    found = set(WHOLE.get(plain.replace("_", ""), ()))
    if plain.startswith(BEGINNINGS) or plain.endswith(ENDINGS):
        found |= {pattern for pattern in PARTS if matches(pattern, name)}
    return frozenset(found | ({name.lower()} & MARKED))


def matches(pattern: str, name: str) -> bool:
    """Whether a name is what a pattern of the rules says, word by word."""
    plain = _plain(name)
    if pattern.startswith("@"):
        return name.lower() == pattern
    if pattern.endswith("*"):
        return plain.startswith(pattern[:-1]) and plain != pattern[:-1].rstrip("_")
    if pattern.startswith("*"):
        return plain.endswith(pattern[1:]) and len(plain) > len(pattern) - 1
    return plain == pattern or plain.replace("_", "") == pattern.replace("_", "")


def _index(facts: Facts) -> Guess | None:
    if not INDEX.fullmatch(facts.name.strip()) or not facts.whole or not features.counts_up(facts.numbers):
        return None
    return Guess(Role.IGNORED, "Row numbers that a data frame left behind", type=ColumnType.NUMBER)


def _resource(facts: Facts) -> Guess | None:
    if not facts.is_number() or facts.low < 0:
        return None
    for role, said in RESOURCES:
        if said & set(words(facts.name)):
            unit, how = units.of(role, facts)
            return Guess(role, f"Named after {role.value}{', ' + how if how else ''}", unit)
    return None


def _lonely_time(columns: Sequence[Facts], guesses: list[Guess | None]) -> None:
    """When no name says it, the only column of times is the time of the request."""
    if any(each is not None and each.role is Role.TIMESTAMP for each in guesses):
        return
    free = [place for place, facts in enumerate(columns) if guesses[place] is None and _time(facts)]
    if len(free) == 1:
        guesses[free[0]] = Guess(Role.TIMESTAMP, "The only column that holds times")


def _bandit_arm(columns: Sequence[Facts], guesses: list[Guess | None]) -> None:
    """Where a probability of the arm is logged, the item that was shown is the answer of the policy."""
    held = {each.role for each in guesses if each is not None}
    if Role.ARM_PROBABILITY not in held or Role.PREDICTION in held:
        return
    for pattern in ("action", "arm_id", "arm", "item_id", "item"):
        for place, facts in enumerate(columns):
            if guesses[place] is None and matches(pattern, facts.name) and _user(facts):
                guesses[place] = Guess(Role.PREDICTION, "What the policy showed: its probability is logged beside it",
                                       type=ColumnType.TEXT)
                return


def _token_pair(columns: Sequence[Facts], guesses: list[Guess | None]) -> None:
    """`input_length` beside `output_length` counts tokens, as LLM traces do."""
    place = {"_".join(words(facts.name)): index for index, facts in enumerate(columns)}
    if "input_length" in place and "output_length" in place and _count(columns[place["output_length"]]):
        guesses[place["input_length"]] = Guess(Role.INPUT_TOKENS, "An input's length beside an output's", "tokens")
        guesses[place["output_length"]] = Guess(Role.OUTPUT_TOKENS, "An output's length beside an input's", "tokens")


def metric_columns(columns: Sequence[Facts], guesses: Sequence[Guess | None]) -> tuple[int, int] | None:
    """The places of a metric's name and of its value, in a table that has little else: the long shape."""
    if len(columns) > 8:
        return None
    name = _first(METRIC_NAMES, columns, lambda facts: facts.type is ColumnType.TEXT and _few(facts))
    value = _first(METRIC_VALUES, columns, lambda facts: facts.is_number() or (facts.n > 0 and bool(facts.numbers)))
    return None if name is None or value is None else (name, value)


def _first(names: str, columns: Sequence[Facts], holds: Check) -> int | None:
    for name in names.split():
        for place, facts in enumerate(columns):
            if matches(name, facts.name) and holds(facts):
                return place
    return None


def second_of_its_kind(facts: Facts) -> Guess | None:
    """A column named and shaped like a role that another column holds: no feature, for it is no input."""
    if not facts.texts or not (said := patterns_of(facts.name)):
        return None
    for rule in RULES:
        if rule.role not in INPUT_ROLES and not said.isdisjoint(rule.patterns) and rule.holds(facts):
            return Guess(None, f"Another column is {rule.says}", type=rule.type)
    return None


def planned(stored: Sequence[str], columns: Sequence[Facts], guesses: Sequence[Guess | None],
            kind: StreamKind) -> tuple[ColumnPlan, ...]:
    """The columns of a stream of this kind: features told from the rest, and everything with its reason."""
    plans: list[ColumnPlan] = []
    budget = features.MOST_FEATURES
    for name, facts, guessed in zip(stored, columns, guesses, strict=True):
        guessed = guessed or second_of_its_kind(facts) or features.guess(facts, kind, budget)
        budget -= guessed.role is Role.FEATURE
        kept = guessed.type or facts.type
        plans.append(ColumnPlan(facts.name, name, kept, guessed.role, guessed.unit,
                                facts.time_format if kept is ColumnType.TIME or guessed.role in TIME_ROLES else None,
                                guessed.why, facts.samples))
    return tuple(plans)
