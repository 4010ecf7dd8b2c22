"""What a column means. The words are those of the vocabulary; every room uses these and no others."""

from __future__ import annotations

from enum import StrEnum


class StreamKind(StrEnum):
    """What a row of a stream is."""

    REQUESTS = "requests"
    OUTCOMES = "outcomes"
    SAMPLES = "samples"
    REFERENCE = "reference"
    UNTIMED = "untimed"     # requests of a log that tells no times: counted, never on the time axis


class Role(StrEnum):
    """What a column means. A stream has each role at most once, but for FEATURE, CPU, MEMORY and METRIC_VALUE."""

    TIMESTAMP = "timestamp"
    ARRIVAL_TIME = "arrival_time"
    OUTCOME_TIME = "outcome_time"
    REQUEST_ID = "request_id"
    USER_ID = "user_id"
    MODEL = "model"
    MODEL_VERSION = "model_version"
    HOST = "host"
    LATENCY = "latency"
    STATUS = "status"
    PREDICTION = "prediction"
    SCORE = "score"
    LABEL = "label"
    CLICKED = "clicked"
    CHURNED = "churned"
    ARM_PROBABILITY = "arm_probability"
    SAMPLING_FRACTION = "sampling_fraction"
    SHADOW_PREDICTION = "shadow_prediction"
    METRIC_NAME = "metric_name"
    METRIC_VALUE = "metric_value"
    METRIC_KIND = "metric_kind"             # gauge, counter (only grows, until it starts again), delta
    METRIC_INCREASE = "metric_increase"     # of a counter since the sample before; empty in the log, the store fills it
    CPU = "cpu"
    MEMORY = "memory"
    GPU = "gpu"
    LOAD = "load"
    FEATURE = "feature"
    FEATURE_LENGTH = "feature_length"
    IMAGE_BRIGHTNESS = "image_brightness"
    AUDIO_VOLUME = "audio_volume"
    INPUT_TOKENS = "input_tokens"
    OUTPUT_TOKENS = "output_tokens"
    TIME_TO_FIRST_TOKEN = "time_to_first_token"
    IGNORED = "ignored"


class ColumnType(StrEnum):
    """How the cells of a column are kept."""

    NUMBER = "number"      # DOUBLE; NaN counts as missing
    TEXT = "text"          # VARCHAR; ids too, so that digits and leading zeros survive
    TIME = "time"          # TIMESTAMP, UTC
    FLAG = "flag"          # BOOLEAN


class TimeFormat(StrEnum):
    """How a time is written down."""

    ISO = "iso"                 # with or without zone, `T` or blank, up to nine digits of fraction, a trailing ` UTC`
    EPOCH_S = "epoch_s"
    EPOCH_MS = "epoch_ms"
    EPOCH_US = "epoch_us"
    EPOCH_NS = "epoch_ns"
    TYPED = "typed"             # the file has it as a timestamp already (Parquet)
    DAY_FIRST = "day_first"     # 31/12/2026, 31.12.26, 31-Dec-2026, with or without a time of day
    MONTH_FIRST = "month_first"
    RELATIVE_S = "relative_s"   # seconds from a start that the log does not name
    RELATIVE_MS = "relative_ms"


RELATIVE = (TimeFormat.RELATIVE_S, TimeFormat.RELATIVE_MS)
DATES = (TimeFormat.DAY_FIRST, TimeFormat.MONTH_FIRST)

TIME_ROLES = (Role.TIMESTAMP, Role.OUTCOME_TIME, Role.ARRIVAL_TIME)

SERIES_ROLES = (Role.MODEL, Role.MODEL_VERSION, Role.HOST, Role.METRIC_NAME)
"""The roles whose values make a series; rollups are kept apart by them, and charts can be split by them."""

INPUT_ROLES = (Role.FEATURE, Role.FEATURE_LENGTH, Role.IMAGE_BRIGHTNESS, Role.AUDIO_VOLUME,
               Role.INPUT_TOKENS)
"""What goes into the model: these count for missing values and for data drift."""

MANY_COLUMNS = (Role.FEATURE, Role.FEATURE_LENGTH, Role.CPU, Role.MEMORY, Role.GPU, Role.LOAD, Role.METRIC_VALUE,
                Role.IGNORED, Role.INPUT_TOKENS, Role.OUTPUT_TOKENS, Role.IMAGE_BRIGHTNESS, Role.AUDIO_VOLUME)
"""Roles that several columns of a stream may have; any other belongs to one."""
