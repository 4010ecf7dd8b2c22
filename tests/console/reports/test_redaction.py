"""Which columns are about persons, and what stands in their place."""

from __future__ import annotations

import duckdb
import pytest

from console.reports.redaction import MASK, How, chosen, personal, pseudonym, pseudonym_sql
from console.roles import ColumnType, Role
from console.store import ColumnInfo


def column(name: str, role: Role | None = Role.FEATURE, kind: ColumnType = ColumnType.TEXT,
           samples: tuple[str, ...] = ()) -> ColumnInfo:
    return ColumnInfo(name, name, kind, role, samples=samples)


@pytest.mark.parametrize("name", ["email", "userEmail", "client_ip", "remote_addr", "X-Forwarded-For", "first_name",
                                  "customerName", "phone", "zip_code", "date_of_birth", "user_id", "session_id",
                                  "query"])
def test_that_a_column_of_such_a_name_is_personal(name: str) -> None:
    assert personal(column(name))


@pytest.mark.parametrize("name", ["country", "device", "category", "model_name", "feature_name", "price", "zipper",
                                  "recipe", "shipping", "contents_ok"])
def test_that_a_column_of_such_a_name_is_not(name: str) -> None:
    assert not personal(column(name))


def test_that_roles_and_values_count_beside_names() -> None:
    assert personal(column("k", Role.USER_ID)) and personal(column("k", samples=("10.1.2.3", "a@b.org")))
    assert personal(column("k", samples=("please tell me how to cook an egg",)))
    assert not personal(column("query_len", Role.FEATURE_LENGTH, ColumnType.NUMBER))
    assert not personal(column("request_id", Role.REQUEST_ID))


def test_that_what_the_user_says_wins() -> None:
    columns = [column("email"), column("device"), column("k", Role.USER_ID), column("lat", kind=ColumnType.NUMBER)]
    found = chosen(columns, redact={"device"}, keep={"email"})
    assert {one.column: one.how for one in found.columns} == {
        "device": How.PSEUDONYM, "k": How.PSEUDONYM, "lat": How.MASKED}
    assert found.text("email", "a@b.org") == "a@b.org" and found.text("lat", "52.1") == MASK
    assert found.text("k", "7") == found.text("k", "7") != found.text("k", "8")


def test_that_the_database_makes_the_same_pseudonyms_and_another_key_makes_others() -> None:
    key, values = b"k" * 32, ["a", "ünï", "'; DROP", "", "x" * 10_000]
    made = duckdb.connect().execute(f"SELECT {pseudonym_sql('v', key)} FROM (SELECT unnest(?::VARCHAR[]) AS v)",
                                    [values]).fetchall()
    assert [row[0] for row in made] == [pseudonym(value, key) for value in values]
    assert not {pseudonym(value, b"l" * 32) for value in values} & {row[0] for row in made}
    assert duckdb.connect().execute(f"SELECT {pseudonym_sql('NULL::VARCHAR', key)}").fetchall() == [(None,)]
