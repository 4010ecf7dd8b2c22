"""Makes the plan of one stream from the heads of its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from console.logs import formats, kinds, roles, times
from console.logs import group as groups
from console.logs.cells import Facts, look_at
from console.logs.config import NO_ROLE, ColumnSettings, FolderSettings, StreamSettings
from console.logs.features import Guess
from console.logs.formats import Hint
from console.logs.group import Group
from console.logs.limits import MOST_COLUMNS
from console.logs.names import stored_names
from console.logs.plan import ColumnPlan, FilePlan, StreamPlan, TimeFormat
from console.logs.sniff import Head
from console.roles import DATES, RELATIVE, TIME_ROLES, ColumnType, Role, StreamKind
from console.store import casting

NOTHING_SAID = StreamSettings()

Key = tuple[str, int]
"""A column of a file: its name, and which of the columns of that name it is (0 but for duplicates)."""


@dataclass(slots=True)
class Draft:
    """A stream between the first look and the plan: facts and guesses, before its kind is settled."""

    group: Group
    name: str
    keys: list[Key]
    facts: list[Facts]
    guesses: list[Guess | None]
    kind: StreamKind
    why: str
    n_path: int = 0             # so many of the columns, the last ones, come from the path
    joined: float | None = None
    notes: list[str] = field(default_factory=list)
    half_of: str = ""           # see StreamPlan
    answers: bool = False
    half_chosen: bool = False

    def place(self, role: Role) -> int | None:
        """Where the column with this role is."""
        return next((place for place, guess in enumerate(self.guesses) if guess and guess.role is role), None)

    def texts(self, role: Role) -> frozenset[str]:
        """The sampled values of that column."""
        place = self.place(role)
        return frozenset(self.facts[place].texts) if place is not None else frozenset()


def keys_of(names: Sequence[str]) -> list[Key]:
    """The columns of a file, duplicates told apart by their order."""
    seen: dict[str, int] = {}
    keys: list[Key] = []
    for name in names:
        keys.append((name, seen.get(name, 0)))
        seen[name] = seen.get(name, 0) + 1
    return keys


def draft(group: Group, name: str, sampled: Sequence[Head], places: Mapping[str, Path] | None = None,
          said: StreamSettings = NOTHING_SAID) -> Draft:
    """A first look: the union of all columns, with facts from the sampled heads.

    places  where the files lie, for forms that have a schema beside them
    said    what the user said: a column of which the way of writing times is chosen is a time
    """
    keys = _united([keys_of(head.file.columns) for head in group.newest_first()[::-1]])[:MOST_COLUMNS]
    cells: dict[Key, list[object]] = {key: [] for key in keys}
    for head in sampled:
        for place, key in enumerate(keys_of(head.file.columns)):
            if key in cells:
                cells[key].extend(row[place] for row in head.rows)
    facts = [_as_the_file_says(look_at(key[0], values), key, sampled) for key, values in cells.items()]
    facts = [_written_as_said(each, said.columns.get(each.name)) for each in facts]
    n_table = len(facts)
    for column, values in _path_values(group).items():
        facts.append(Facts(column, ColumnType.TEXT, len(values), tuple(values), ()))
        keys.append((column, 0))
    guesses = roles.guess(facts)
    form = formats.named(group.dialect) if group.dialect else None
    if form is not None:
        newest = group.newest_first()[0].file
        _hinted(facts, guesses, form.hints(newest, (places or {}).get(newest.path, Path(newest.path))))
    elif not group.reference:
        _relative(facts, guesses)
    if group.by_stem:
        guesses[-1] = Guess(Role.METRIC_NAME, "The name of the file: a metric a file")
    long_shape = bool(group.by_stem)
    pair = None if long_shape else roles.metric_columns(facts[:n_table], guesses)
    if pair is not None and {guesses[pair[0]], guesses[pair[1]]} == {None}:
        long_shape = True
        guesses[pair[0]] = Guess(Role.METRIC_NAME, f"Named “{facts[pair[0]].name}”, beside a value: names the metric")
        guesses[pair[1]] = Guess(Role.METRIC_VALUE, f"Named “{facts[pair[1]].name}”: the value of the metric",
                                 type=ColumnType.NUMBER)
    kind, why = kinds.kind_of(facts, guesses, reference=group.reference, long_shape=long_shape)
    if form is not None:
        kind = form.kind_of(group.heads[0].file) or kind
        why = f"{form.title}. {max((head.file for head in group.heads), key=lambda file: file.confidence).why}"
    return Draft(group, name, keys, facts, guesses, kind, why, len(facts) - n_table)


def _written_as_said(facts: Facts, said: ColumnSettings | None) -> Facts:
    """A column whose times are written as the user chose; what the file itself has as times stays what it is."""
    if said is None or said.time_format is None or facts.time_format is TimeFormat.TYPED:
        return facts
    return replace(facts, type=ColumnType.TIME, time_format=said.time_format,
                   zoned=said.time_format in casting.PER_SECOND or facts.zoned or False, in_doubt=False)


def _relative(facts: list[Facts], guesses: list[Guess | None]) -> None:
    """Where no column has dates, one that counts from an unnamed start is the time of the rows."""
    if any(guess is not None and guess.role is Role.TIMESTAMP for guess in guesses):
        return
    for place, each in enumerate(facts):
        if guesses[place] is None and each.is_number() and times.says_count(each.name):
            form = times.relative_format(each.name, each.numbers)
            if form is not None:
                unit = "milliseconds" if form is TimeFormat.RELATIVE_MS else "seconds"
                facts[place] = replace(each, time_format=form)
                guesses[place] = Guess(Role.TIMESTAMP, f"Counts {unit} from a start that the log does not name",
                                       type=ColumnType.NUMBER)
                return


def _hinted(facts: list[Facts], guesses: list[Guess | None], hints: Mapping[str, Hint]) -> None:
    """What the form says of its columns wins; a role that it gives to one is taken from those only guessed."""
    hints = {each.name: _settled(hints[each.name], each, guessed)
             for each, guessed in zip(facts, guesses, strict=True) if each.name in hints}
    given = {hint.role for hint in hints.values() if hint.role is not None} - roles.MANY
    for place, each in enumerate(facts):
        hint = hints.get(each.name)
        guessed = guesses[place]
        if hint is None:
            if guessed is not None and guessed.role in given:
                guesses[place] = Guess(None, "The form has another column for its role", type=guessed.type)
            continue
        kept = hint.type or (ColumnType.TIME if hint.time_format is not None else None)
        if hint.time_format is not None:
            facts[place] = replace(each, type=ColumnType.TIME, time_format=hint.time_format)
        if hint.role is not None or hint.ignored:
            guesses[place] = Guess(hint.role, hint.why or "As the form says", hint.unit, kept)
        elif guessed is not None:
            guesses[place] = replace(guessed, type=kept or guessed.type, why=hint.why or guessed.why)
        elif kept is not None and kept is not each.type:
            facts[place] = replace(facts[place], type=kept)


def _settled(hint: Hint, facts: Facts, guessed: Guess | None) -> Hint:
    """A hint as it holds for this column: without its role where values must be seen for it, or say otherwise."""
    if hint.if_seen and not facts.texts:
        return replace(hint, role=None, ignored=True, why="Empty in all rows that were looked at")
    if guessed is not None and guessed.role in hint.unless:
        return replace(hint, role=None)
    return hint


def _as_the_file_says(facts: Facts, key: Key, sampled: Sequence[Head]) -> Facts:
    """A column without a value as far as one looked has the type that Parquet gives it."""
    if facts.texts:
        return facts
    said = {head.types[keys_of(head.file.columns).index(key)] for head in sampled
            if head.types and key in keys_of(head.file.columns)} - {None}
    kind = said.pop() if len(said) == 1 else None
    if kind is None:
        return facts
    return replace(facts, type=kind, time_format=TimeFormat.TYPED if kind is ColumnType.TIME else None)


def _united(lists: Sequence[Sequence[Key]]) -> list[Key]:
    """All keys; one that only some files have stands behind its neighbour there."""
    order: list[Key] = []
    known: set[Key] = set()
    for keys in lists:
        if known.issuperset(keys):
            continue
        if len(order) >= MOST_COLUMNS:
            break
        behind = -1
        for key in keys:
            if key in known:
                behind = order.index(key)
            else:
                behind += 1
                order.insert(behind, key)
                known.add(key)
    return order


def _path_values(group: Group) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {name: [] for name in group.levels.values()}
    if group.by_stem:
        values[group.by_stem] = []
    for head in group.heads:
        for name, value in groups.path_values(group, head.file.path).items():
            values[name].append(value)
    return values


def settle_forms(drafts: Sequence[Draft]) -> None:
    """Which streams complete which others, as their forms say; these may come later, under the name of their form."""
    names = {each.group.dialect: each.name for each in drafts if each.group.dialect}
    for each in drafts:
        if each.group.dialect:
            form = formats.named(each.group.dialect)
            each.half_of, each.answers = names.get(form.half_of, form.half_of), form.answers


def settle_outcomes(drafts: Sequence[Draft]) -> None:
    """Compares the ids of outcomes with those of requests, and finds outcomes that no name gave away."""
    requests = [each for each in drafts if each.kind is StreamKind.REQUESTS and each.texts(Role.REQUEST_ID)]
    ids = frozenset().union(*(each.texts(Role.REQUEST_ID) for each in requests))
    for each in drafts:
        if each.kind in (StreamKind.REQUESTS, StreamKind.REFERENCE) and ids and each not in requests:
            found = kinds.outcome_by_join(each.facts, ids)
            if found is not None and each.kind is StreamKind.REQUESTS:
                each.guesses[found[0]] = Guess(Role.REQUEST_ID, "Holds the ids of the requests", type=ColumnType.TEXT)
                each.guesses[found[1]] = Guess(Role.LABEL, "Beside the ids of requests: what became of them")
                each.kind, each.why = StreamKind.OUTCOMES, "The ids of requests and what became of them"
    for each in drafts:
        if each.kind is not StreamKind.OUTCOMES:
            continue
        place = each.place(Role.TIMESTAMP)
        if place is not None and each.place(Role.OUTCOME_TIME) is None:
            each.guesses[place] = Guess(Role.OUTCOME_TIME, "The time of an outcome")
        own = each.texts(Role.REQUEST_ID)
        if not requests:
            each.notes.append(f"{each.name} holds outcomes, but no stream of requests has ids that they could join")
        elif own:
            each.joined = len(own & ids) / len(own)
            each.why += f"; {len(own & ids)} of {len(own)} sampled ids are among the sampled requests"


def plan(each: Draft, settings: FolderSettings, zone: str | None) -> StreamPlan:
    """The plan of a draft, after what the user said about it."""
    said = settings.streams.get(each.name, StreamSettings())
    kind, why = (said.kind, "Chosen") if said.kind else (each.kind, each.why)
    stored = stored_names([key[0] for key in each.keys])
    columns = [apply(column, said.columns.get(column.name) or said.columns.get(column.stored))
               for column in roles.planned(stored, each.facts, each.guesses, kind)]
    columns = _one_each(columns)
    zone_said = zone or said.zone or settings.zone
    naive = [facts for facts, column in zip(each.facts, columns, strict=True)
             if (column.type is ColumnType.TIME or column.role in TIME_ROLES) and facts.zoned is False]
    files = tuple(_file(each, head) for head in each.group.newest_first())
    paths = tuple(stored[len(stored) - each.n_path:]) if each.n_path else ()
    return StreamPlan(each.name, kind, each.group.format, why, tuple(columns), files,
                      times.checked_zone(zone_said) if zone_said else "UTC", bool(naive) and not zone_said, paths,
                      each.group.dialect, each.half_of, each.answers, each.half_chosen)


def _file(each: Draft, head: Head) -> FilePlan:
    values = groups.path_values(each.group, head.file.path)
    stored = dict(zip((key[0] for key in each.keys[len(each.keys) - each.n_path:]),
                      stored_names([key[0] for key in each.keys])[len(each.keys) - each.n_path:], strict=True))
    return replace(head.file, constants=tuple((stored[name], value) for name, value in values.items()))


def apply(column: ColumnPlan, said: ColumnSettings | None) -> ColumnPlan:
    """A column as the user wants it; what was not said stays as guessed."""
    if said is None or said == ColumnSettings():
        return column
    changes: dict[str, object] = {"chosen": True, "why": "Chosen"}
    if said.role is not None:
        changes["role"] = None if said.role == NO_ROLE else Role(said.role)
        if changes["role"] in TIME_ROLES and column.time_format is None:
            changes["time_format"] = _time_format(column)
    if said.unit is not None:
        changes["unit"] = said.unit
    if said.type is not None and said.type is not column.type:
        changes["type"] = said.type
        changes["time_format"] = TimeFormat.ISO if said.type is ColumnType.TIME else None
    if said.time_format is not None and column.time_format is not TimeFormat.TYPED:
        changes["time_format"] = said.time_format
        changes["type"] = said.type or _kept(said.time_format)
    return replace(column, **changes)  # type: ignore[arg-type]


def _kept(form: TimeFormat) -> ColumnType:
    """How cells are kept whose form was chosen: as they stand, so that another choice finds them unharmed."""
    if form in (TimeFormat.ISO, TimeFormat.TYPED):
        return ColumnType.TIME
    return ColumnType.TEXT if form in DATES or form is TimeFormat.EPOCH_NS else ColumnType.NUMBER


def _time_format(column: ColumnPlan) -> TimeFormat:
    """How a column is written that the user made a time: its cells stay what they are, the time is read from them."""
    if column.type is not ColumnType.NUMBER:
        return TimeFormat.ISO
    numbers = look_at(column.name, column.samples).numbers
    return times.epoch_format(numbers) or TimeFormat.EPOCH_S


def _one_each(columns: Sequence[ColumnPlan]) -> list[ColumnPlan]:
    """A role that the user gave to one column is taken from the one that was only guessed to have it."""
    chosen = {column.role for column in columns if column.chosen and column.role not in roles.MANY}
    return [replace(column, role=None, why="Another column was chosen for its role")
            if not column.chosen and column.role is not None and column.role in chosen else column
            for column in columns]


def like_requests(reference: StreamPlan, streams: Sequence[StreamPlan]) -> StreamPlan:
    """Reference data takes roles, units and types from the requests that it resembles most."""
    names = {column.name for column in reference.columns}
    best = max((stream for stream in streams if stream.kind is StreamKind.REQUESTS),
               key=lambda stream: groups.jaccard(names, {column.name for column in stream.columns}), default=None)
    if best is None or groups.jaccard(names, {column.name for column in best.columns}) < 0.3:
        return reference
    model = {column.name: column for column in best.columns}
    columns: list[ColumnPlan] = []
    for column in reference.columns:
        other = model.get(column.name)
        if other is None or column.chosen or (other.type is ColumnType.TIME) != (column.type is ColumnType.TIME):
            columns.append(column)
            continue
        if other.time_format in RELATIVE:
            columns.append(column)      # the reference has another start
            continue
        same = (other.role, other.unit, other.type) == (column.role, column.unit, column.type)
        columns.append(column if same else replace(column, role=other.role, unit=other.unit, type=other.type,
                                                   why=f"As in {best.name}"))
    return replace(reference, columns=tuple(columns))
