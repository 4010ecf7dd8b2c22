"""SQL that turns the cells of a log into the cells of a raw table, without ever losing a row.

Three steps per cell, each an SQL expression of its own so that the engine computes it once:
source -> tried (a cast that may give NULL) -> kept value, and beside it whether the cell did not fit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from console.roles import DATES, RELATIVE, ColumnType, TimeFormat
from console.store.names import literal, quoted
from console.window import RELATIVE_START

MISSING_WORDS = ("", "na", "n/a", "#n/a", "<na>", "null", "none", "nil", "nan", "nat", "-", "?", "\\n")
"""Lower case. In columns of numbers, times and flags these are no cells that failed to fit, but missing ones."""

EXACT = 2.0**53
"""Integers from here on may lose digits in a DOUBLE."""

EARLIEST, LATEST = "1971-01-01", "2200-01-01"
"""Times outside are absurd: half of them are small numbers read as an epoch."""

RAW_TYPES = {ColumnType.NUMBER: "DOUBLE", ColumnType.TEXT: "VARCHAR", ColumnType.TIME: "TIMESTAMP",
             ColumnType.FLAG: "BOOLEAN"}

PER_SECOND = {TimeFormat.EPOCH_S: 1, TimeFormat.EPOCH_MS: 10**3, TimeFormat.EPOCH_US: 10**6, TimeFormat.EPOCH_NS: 10**9,
              TimeFormat.RELATIVE_S: 1, TimeFormat.RELATIVE_MS: 10**3}
"""Times that are counts, in a number or in the text of one."""

_BLANK = "[\\s\u00a0\u202f]*"
DATE = (r"^\s*(?:[A-Za-z]{3,9},?\s+)?"
        r"(\d{1,2}|[A-Za-z]{3,9})\.?[/.\-\s]\s*(\d{1,2}|[A-Za-z]{3,9})[.,]*[/.\-\s]\s*(\d{4}|\d{2})"
        rf"(?:[T\s,:]{_BLANK}(\d{{1,2}}):(\d{{2}})(?::(\d{{2}})(?:[.,](\d{{1,9}}))?)?"
        rf"{_BLANK}([AaPp]\.?[Mm]\.?)?{_BLANK}([Zz]|UTC|utc|GMT|gmt|[+-]\d{{2}}:?(?:\d{{2}})?)?)?\s*$")
"""A day and a month in either order before the year, as RE2 and Python read it: 31/12/2026, 31-Dec-26, Dec 31, 2026,
Mon, 02 Mar 2026 10:00:00 GMT, 02/Mar/2026:12:00:42 +0000, 12/31/2026, 10:00 PM."""

DATE_PARTS = ("first", "second", "year", "hour", "minute", "second_", "fraction", "half", "zone")

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
           "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL")
WIDE_NUMBERS = ("BIGINT", "HUGEINT", "UBIGINT", "UHUGEINT", "DECIMAL")


@dataclass(frozen=True, slots=True)
class Cell:
    """One column on its way in. `tried` speaks of the source's columns; `value` and `misfit` of the names given.

    misfit is "" where every cell fits
    """

    tried: str
    value: str
    misfit: str


def cell(source: str, source_type: str, kept: ColumnType, form: TimeFormat | None, naive: bool, zone: str, *,
         was: str, tried: str) -> Cell:
    """How a column of the source becomes one of the raw table.

    source, source_type  expression and type in the relation that is read
    naive, zone          of the column: see `times`
    was, tried           quoted names under which the source and the tried cast are known to the next step
    """
    base = source_type.partition("(")[0].upper() if not source_type.endswith("]") else "LIST"
    if kept is ColumnType.TEXT:
        return Cell(_text(source, base), tried, "")
    if base == "VARCHAR":
        return _from_text(source, kept, form, naive, zone, was, tried)
    if kept is ColumnType.NUMBER:
        return _number_from(source, base, was, tried)
    if kept is ColumnType.FLAG:
        return _flag_from(source, base, was, tried)
    return _time_from(source, base, form, naive, zone, was, tried)


def _text(source: str, base: str) -> str:
    """Empty text counts as missing: a CSV file cannot tell the two apart, and formats must agree."""
    if base == "VARCHAR":
        return f"nullif({source}, '')"
    if base in ("STRUCT", "LIST", "MAP"):
        return f"to_json({source})::VARCHAR"
    if base == "BLOB":
        return f"coalesce(TRY(decode({source})), {source}::VARCHAR)"
    return f"{source}::VARCHAR"


def _from_text(source: str, kept: ColumnType, form: TimeFormat | None, naive: bool, zone: str, was: str,
               tried: str) -> Cell:
    said = f"WHEN {tried} IS NULL AND {was} IS NOT NULL THEN {says_something(was)}"
    if kept is ColumnType.NUMBER:
        return Cell(f"TRY_CAST({source} AS DOUBLE)", no_nan(tried), _no_number(was, tried))
    if kept is ColumnType.FLAG:
        more = f"CASE trim({source}) WHEN '1.0' THEN true WHEN '0.0' THEN false END"
        return Cell(f"coalesce(TRY_CAST({source} AS BOOLEAN), {more})", tried, f"CASE {said} ELSE false END")
    return Cell(instant_of_text(source, form), times(tried, was, form, naive, zone), f"CASE {said} ELSE false END")


def _no_number(was: str, tried: str) -> str:
    return (f"CASE WHEN {tried} IS NULL AND {was} IS NOT NULL THEN {says_something(was)} "
            f"WHEN abs({tried}) >= {EXACT} AND isfinite({tried}) "
            f"THEN coalesce(TRY_CAST({tried} AS HUGEINT) <> TRY_CAST({was} AS HUGEINT), false) ELSE false END")


def says_something(text: str) -> str:
    """Whether a text is more than a word for a missing value.

    One regular expression: a list after IN is worked out for every row, looked at or not, and costs a table of 85
    columns sixty times as much (10,000 rows: 5.2 s against 0.07 s).
    """
    words = "|".join(re.escape(word) for word in MISSING_WORDS)
    pattern = rf"\s*(?i:{words})\s*"
    return f"NOT regexp_full_match({text}, {literal(pattern)})"


def no_nan(number: str) -> str:
    """NaN is missing everywhere, so it is never kept."""
    return f"CASE WHEN isnan({number}) THEN NULL ELSE {number} END"


def instant_of_text(text: str, form: TimeFormat | None) -> str:
    """A TIMESTAMP: UTC where the text names its zone, else the clock as written.

    Nothing may stand in two of the tries: the engine would work it out for every row, and three regular expressions
    cost more than the INSERT (1 M rows: 0.32 s against 0.05 s).
    """
    if form in PER_SECOND:
        return instant_of_number(text, "VARCHAR", form)
    if form in DATES:
        return f"make_timestamp(epoch_us(TRY_CAST({_iso_of_date(text, form)} AS TIMESTAMPTZ)))"
    tidy = (f"regexp_replace(regexp_replace(replace(trim({text}), ',', '.'), '\\s*(z|utc|gmt)$', 'Z', 'i'), "
            f"'\\s+([+-][0-9]{{2}}:?([0-9]{{2}})?)$', '\\1')")
    two = "([0-9]{2})"
    spread = f"regexp_replace({tidy}, '^([0-9]{{4}}){two}{two}[Tt]{two}{two}{two}', '\\1-\\2-\\3T\\4:\\5:\\6')"
    tries = ", ".join(f"TRY_CAST({each} AS TIMESTAMPTZ)" for each in (text, spread))
    return f"make_timestamp(epoch_us(coalesce({tries})))"


def _iso_of_date(text: str, form: TimeFormat) -> str:
    """A date in that order, and in no other, as ISO text; NULL or no date where it is none.

    Two digits are a year from 1970 to 2069. The regular expression runs once a row: the engine sees that all parts
    are taken from the same one.
    """
    struct = f"regexp_extract({text}, {literal(DATE)}, {list(DATE_PARTS)})"
    first, second, year, hour, minute, seconds, fraction, half, zone = (f"({struct}).{part}" for part in DATE_PARTS)
    day, month = (first, second) if form is TimeFormat.DAY_FIRST else (second, first)
    numbered = f"coalesce(TRY_CAST({month} AS INTEGER), list_position({list(MONTHS)}, lower(left({month}, 3))), 99)"
    hours = (f"CASE {half} WHEN '' THEN {hour} ELSE (CASE WHEN TRY_CAST({hour} AS INTEGER) BETWEEN 1 AND 12 "
             f"THEN TRY_CAST({hour} AS INTEGER) % 12 + CASE WHEN {half} ILIKE 'p%' THEN 12 ELSE 0 END "
             "ELSE 99 END)::VARCHAR END")
    clock = (f"CASE {hour} WHEN '' THEN '' ELSE concat(' ', {hours}, ':', {minute}, ':', "
             f"CASE {seconds} WHEN '' THEN '00' ELSE {seconds} END, CASE {fraction} WHEN '' THEN '' "
             f"ELSE '.' || {fraction} END, CASE WHEN {zone} SIMILAR TO '[A-Za-z]+' THEN 'Z' ELSE {zone} END) END")
    return (f"CASE WHEN {year} <> '' THEN concat(CASE WHEN length({year}) = 4 THEN '' WHEN {year} >= '70' THEN '19' "
            f"ELSE '20' END, {year}, '-', {numbered}, '-', {day}, {clock}) END")


def instant_of_number(number: str, base: str, form: TimeFormat) -> str:
    """A TIMESTAMP from a count since 1970, or since the start of a relative one; NULL where the calendar ends."""
    per_second = PER_SECOND[form]
    if per_second > 10**6:
        whole = (f"coalesce(TRY_CAST({number} AS BIGINT) // 1000, "
                 f"TRY_CAST(round(TRY_CAST({number} AS DOUBLE) / 1e3) AS BIGINT))")
    else:
        whole = f"TRY_CAST(round(TRY_CAST({number} AS DOUBLE) * {10**6 // per_second}) AS BIGINT)"
    if form in RELATIVE:
        whole = f"{whole} + {int(RELATIVE_START.timestamp()) * 10**6}"
    return f"TRY(make_timestamp({whole}))"


def times(instant: str, was: str, form: TimeFormat | None, naive: bool, zone: str) -> str:
    """The kept TIMESTAMP of a time column read from text.

    A naive column keeps the clock of the log, any other UTC. A cell unlike its column is brought over by the zone.
    """
    if zone == "UTC" or form in PER_SECOND:
        return instant
    if naive:
        return f"CASE WHEN {names_zone(was)} THEN {to_clock(instant, zone)} ELSE {instant} END"
    return f"CASE WHEN {names_zone(was)} THEN {instant} ELSE {to_utc(instant, zone)} END"


def names_zone(text: str) -> str:
    """Whether a time says where its clock stands."""
    clock = r"(:[0-9.,]+|[0-9][Tt][0-9]{6}([.,][0-9]+)?)"
    shift = r"\s*([AaPp]\.?[Mm]\.?)?\s*[+-][0-9]{2}:?([0-9]{2})?"
    return f"regexp_matches({text}, '([zZ]|UTC|GMT|utc|gmt|{clock}{shift})\\s*$')"


def to_utc(clock: str, zone: str) -> str:
    """A clock of that zone as UTC. An hour that the end of summer time repeats is taken for its second, winter one; one
    that its beginning skips is read as if the clock had gone on."""
    return clock if zone == "UTC" else f"make_timestamp(epoch_us(timezone({literal(zone)}, {clock})))"


def to_clock(instant: str, zone: str) -> str:
    """UTC as a clock of that zone."""
    return instant if zone == "UTC" else f"timezone({literal(zone)}, {instant}::TIMESTAMPTZ)"


def _number_from(source: str, base: str, was: str, tried: str) -> Cell:
    if base == "BOOLEAN":
        return Cell(f"{source}::INTEGER::DOUBLE", tried, "")
    if base not in NUMBERS:
        return Cell(f"TRY_CAST({source}::VARCHAR AS DOUBLE)", no_nan(tried), f"({tried} IS NULL AND {was} IS NOT NULL)")
    value = no_nan(tried) if base in ("FLOAT", "DOUBLE") else tried
    lost = (f"CASE WHEN abs({tried}) >= {EXACT} THEN "
            f"coalesce(TRY_CAST({tried} AS HUGEINT) <> TRY_CAST({was} AS HUGEINT), false) ELSE false END")
    return Cell(f"{source}::DOUBLE", value, lost if base in WIDE_NUMBERS else "")


def _flag_from(source: str, base: str, was: str, tried: str) -> Cell:
    if base == "BOOLEAN":
        return Cell(source, tried, "")
    if base in NUMBERS:
        real = f" AND NOT isnan({was})" if base in ("FLOAT", "DOUBLE") else ""
        return Cell(f"CASE {source} WHEN 0 THEN false WHEN 1 THEN true END", tried,
                    f"({tried} IS NULL AND {was} IS NOT NULL{real})")
    return Cell(f"TRY_CAST({source}::VARCHAR AS BOOLEAN)", tried, f"({tried} IS NULL AND {was} IS NOT NULL)")


def _time_from(source: str, base: str, form: TimeFormat | None, naive: bool, zone: str, was: str, tried: str) -> Cell:
    if base in NUMBERS:
        return Cell(instant_of_number(source, base, form if form in PER_SECOND else TimeFormat.EPOCH_S), tried,
                    f"({tried} IS NULL AND {was} IS NOT NULL)")
    if base in ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ"):
        instant = f"TRY(make_timestamp(epoch_us({source})))"
        return Cell(instant, to_clock(tried, zone) if naive else tried, f"({tried} IS NULL AND {was} IS NOT NULL)")
    clock = f"CASE WHEN isfinite(TRY_CAST({source} AS TIMESTAMP)) THEN TRY_CAST({source} AS TIMESTAMP) END"
    return Cell(clock, tried if naive else to_utc(tried, zone), f"({tried} IS NULL AND {was} IS NOT NULL)")


def misfits(cells: list[tuple[str, str, str]]) -> str:
    """JSON of the cells that did not fit, else NULL. Each: (stored name, quoted name of the source, misfit)."""
    if not cells:
        return "NULL::VARCHAR"
    some = " OR ".join(misfit for _, _, misfit in cells)
    pairs = ", ".join(f"{literal(stored)}, CASE WHEN {misfit} THEN {was}::VARCHAR END" for stored, was, misfit in cells)
    return f"CASE WHEN {some} THEN json_merge_patch('{{}}', json_object({pairs}))::VARCHAR END"


def misfits_of_many(cells: list[tuple[str, str, str]], numbers: list[tuple[str, str, str]]) -> str:
    """The same where many columns are numbers read from text: looked at in one list, one expression for all of them.

    An expression a column takes longer to prepare than a few thousand rows to go through: with 1,000 columns a second
    of it is left of six, however few the rows. With few columns and many rows the list would be slower.
    numbers  (stored name, quoted name of the source, quoted name of the tried cast)
    """
    names, was, tried = (f"[{', '.join(part)}]" for part in zip(*((literal(stored), source, number)
                                                                  for stored, source, number in numbers), strict=True))
    bad = (f"list_transform(list_filter(list_zip({names}, {was}, {tried}), lambda x: {_no_number('x[2]', 'x[3]')}), "
           "lambda x: {'key': x[1], 'value': x[2]})")
    if cells:
        others = ", ".join(f"CASE WHEN {misfit} THEN {{'key': {literal(stored)}, 'value': {source}::VARCHAR}} END"
                           for stored, source, misfit in cells)
        bad = f"list_concat({bad}, list_filter([{others}], lambda x: x IS NOT NULL))"
    return f"to_json(map_from_entries(nullif({bad}, [])))::VARCHAR"


def stored_time(column: str, kept: ColumnType, form: TimeFormat | None, naive: bool, zone: str) -> str:
    """UTC from a cell of the raw table, whatever type it was kept as."""
    name = quoted(column)
    match kept:
        case ColumnType.TIME:
            return to_utc(name, zone) if naive else name
        case ColumnType.TEXT:
            return times(instant_of_text(name, form), name, form, False, zone)
        case ColumnType.NUMBER:
            return instant_of_number(name, "DOUBLE", form if form in PER_SECOND else TimeFormat.EPOCH_S)
        case ColumnType.FLAG:
            return "NULL::TIMESTAMP"


def stored_number(column: str, kept: ColumnType) -> str:
    """A DOUBLE from a cell of the raw table, in the unit of the log; a time in seconds since 1970."""
    name = quoted(column)
    match kept:
        case ColumnType.NUMBER:
            return name
        case ColumnType.FLAG:
            return f"{name}::INTEGER::DOUBLE"
        case ColumnType.TIME:
            return f"epoch_us({name}) / 1e6"
        case ColumnType.TEXT:
            number = f"TRY_CAST({name} AS DOUBLE)"
            return f"coalesce({no_nan(number)}, TRY_CAST({name} AS BOOLEAN)::INTEGER::DOUBLE)"
