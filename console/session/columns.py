"""What the user corrects: roles, units and the zone of a stream."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from console.errors import BadSettings, CannotWrite
from console.jobs import Job
from console.logs import config
from console.logs.plan import ColumnPlan, TimeFormat
from console.logs.times import epoch_format
from console.roles import ColumnType, Role

if TYPE_CHECKING:
    from console.store import ColumnInfo, StreamInfo, Workspace

log = logging.getLogger(__name__)

MANY = (Role.FEATURE, Role.FEATURE_LENGTH, Role.CPU, Role.MEMORY, Role.GPU, Role.LOAD, Role.METRIC_VALUE,
        Role.IGNORED, Role.INPUT_TOKENS, Role.OUTPUT_TOKENS, Role.IMAGE_BRIGHTNESS, Role.AUDIO_VOLUME)
"""Roles that several columns of a stream may have."""

def correct(store: Workspace, folder: Path | None, name: str, changes: Mapping[str, tuple[Role | None, str]],
            zone: str | None, job: Job) -> None:
    """Give columns (by stored name) a role and a unit; the rest of the program follows.

    Raises BadSettings for a stream or column that is not there, and for two columns with a role that only one may have.
    """
    stream = next((one for one in store.streams() if one.name == name), None)
    if stream is None:
        raise BadSettings(f"There is no stream `{name}`", do="Open Sources to see those there are")
    planned = {}
    for stored, (role, unit) in changes.items():
        column = next((one for one in stream.columns if one.stored == stored), None)
        if column is None:
            raise BadSettings(f"There is no column `{stored}` in `{name}`")
        planned[stored] = _changed(column, role, unit)
    _refuse_doubles(stream, planned)
    job.report(0, 0, "Keeping the correction")
    _keep(folder, stream, changes, zone)
    job.report(0, 0, "Rebuilding the charts")
    store.set_columns(stream.stream_id, planned, zone=zone)
    store.refresh(job)


def _changed(column: ColumnInfo, role: Role | None, unit: str) -> ColumnPlan:
    time_format = column.time_format
    if role in (Role.TIMESTAMP, Role.OUTCOME_TIME, Role.ARRIVAL_TIME) and time_format is None:
        time_format = _time_format(column)
    return ColumnPlan(column.name, column.stored, column.type, role, unit, time_format, "chosen by you",
                      column.samples, chosen=True)


def _time_format(column: ColumnInfo) -> TimeFormat:
    """How a column that becomes a time is written."""
    if column.type is ColumnType.TIME:
        return TimeFormat.TYPED
    if column.type is ColumnType.TEXT:
        return TimeFormat.ISO
    try:
        found = epoch_format([float(sample) for sample in column.samples])
    except ValueError:
        found = None
    if found is None:
        raise BadSettings(f"`{column.name}` does not hold times", do="Choose another column for the timestamp")
    return found


def _refuse_doubles(stream: StreamInfo, planned: Mapping[str, ColumnPlan]) -> None:
    taken: dict[Role, str] = {}
    for column in stream.columns:
        role = planned[column.stored].role if column.stored in planned else column.role
        if role is None or role in MANY:
            continue
        if role in taken:
            raise BadSettings(f"`{taken[role]}` and `{column.name}` both have the role {role.value}",
                              where=stream.name, do="Give it to one of them")
        taken[role] = column.name


def _keep(folder: Path | None, stream: StreamInfo, changes: Mapping[str, tuple[Role | None, str]],
          zone: str | None) -> None:
    """In `pilothouse.toml`; a folder that may not be written to is no reason to refuse: the workspace keeps it."""
    if folder is None:
        return
    names = {column.stored: column.name for column in stream.columns}
    said = {names[stored]: choice for stored, choice in changes.items()}
    try:
        config.write(folder, config.with_columns(config.read(folder), stream.name, said, zone=zone))
    except CannotWrite as error:
        log.warning("The correction is kept in the workspace only: %s", error)
