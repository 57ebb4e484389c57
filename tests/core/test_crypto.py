"""Personal numbers at rest: readable with the key and in their place only."""

import base64
import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.core import crypto
from app.core.crypto import EncryptedJson, EncryptedText, blind_index, decrypt, encrypt
from app.core.db import db
from app.core.drafts import keep_draft
from app.records.teacher import Teacher
from config import TEST_DATA_KEY
from tests.accounts.database import dump, looking
from tests.conftest import Client

NUMBER = "530000198101070033"
NOON = dt.datetime(2026, 11, 21, 4, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def key() -> None:
    crypto.configure(TEST_DATA_KEY)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_encrypted_can_be_read_again(text: str) -> None:
    assert decrypt(encrypt(text, "a.b"), "a.b") == text


def test_no_two_ciphertexts_are_alike() -> None:
    assert len({encrypt(NUMBER, "a.b") for _ in range(100)}) == 100


def test_a_value_moved_to_another_column_cannot_be_read() -> None:
    with pytest.raises(InvalidTag):
        decrypt(encrypt(NUMBER, "teacher.id_number"), "teacher.remark")


def test_a_changed_value_cannot_be_read() -> None:
    raw = bytearray(base64.b64decode(encrypt(NUMBER, "a.b")[2:]))
    for position in (0, 12, len(raw) - 1):
        changed = bytes(raw[:position]) + bytes([raw[position] ^ 1]) + bytes(raw[position + 1 :])
        with pytest.raises(InvalidTag):
            decrypt(f"1.{base64.b64encode(changed).decode()}", "a.b")


def test_another_key_reads_nothing() -> None:
    stored, index = encrypt(NUMBER, "a.b"), blind_index(NUMBER, "id_number")
    crypto.configure(bytes(range(1, 33)))
    assert blind_index(NUMBER, "id_number") != index
    with pytest.raises(InvalidTag):
        decrypt(stored, "a.b")


@pytest.mark.parametrize("stored", ["", "2.AAAA", NUMBER])
def test_an_unknown_form_is_refused(stored: str) -> None:
    with pytest.raises(ValueError, match="unknown cipher version"):
        decrypt(stored, "a.b")


def test_the_index_is_stable_and_depends_on_its_purpose() -> None:
    assert blind_index(NUMBER, "id_number") == blind_index(NUMBER, "id_number")
    assert re.fullmatch("[0-9a-f]{32}", blind_index(NUMBER, "id_number"))
    assert blind_index(NUMBER, "id_number") != blind_index(NUMBER, "throttle")
    assert blind_index(NUMBER, "id_number") != blind_index(NUMBER[:-1] + "4", "id_number")


def test_the_column_types_encrypt_and_keep_nothing_as_nothing() -> None:
    text, json = EncryptedText("a.b"), EncryptedJson("a.c")
    assert text.process_bind_param(None, None) is json.process_bind_param(None, None) is None
    stored = json.process_bind_param({"姓名": [NUMBER, None]}, None)
    assert stored is not None and NUMBER not in stored and "姓名" not in stored
    assert json.process_result_value(stored, None) == {"姓名": [NUMBER, None]}
    with pytest.raises(InvalidTag):
        text.process_result_value(stored, None)


# ── the database ──


def plant(app: Flask, client_as: Callable[[str], Client]) -> set[str]:
    """Work as people do, so that numbers pass through every table; the numbers that must not be found."""
    with looking(app) as session:
        people = list(session.scalars(sa.select(Teacher).order_by(Teacher.id)))
        numbers = {str(teacher.id_number) for teacher in people}
        first = people[0]
        first.id_number = "530000199003070012"  # history keeps old and new
        keep_draft(session, 1, f"basic_info/{first.id}/new", {"id_number": "530000199003070039"}, 1, NOON)
        session.commit()
    client = client_as("liyutong")
    client.post("/teachers/search/", {"q": "530000199003070055"})
    client.post("/teachers/add", {"name": "某人", "id_type": "1", "id_number": "530000199003070071", "gender": "x"})
    client_as("").login("530000199003070098", "Geheim@2026")
    assert client.post(f"/teachers/reveal/{people[1].id}", {"reason": "check"}).status_code == 200
    planted = {"530000199003070012", "530000199003070039", "530000199003070055", "530000199003070071"}
    return numbers | planted | {"530000199003070098"}


def test_no_number_can_be_read_in_any_table(app: Flask, client_as: Callable[[str], Client]) -> None:
    numbers = plant(app, client_as)
    assert len(numbers) > 80
    for table, rows in dump(app, set()).items():
        found = set(re.findall(r"\d{17}[\dX]", repr(rows))) & numbers
        assert (table, found) == (table, set())


def test_no_number_can_be_read_in_the_files(app: Flask, client_as: Callable[[str], Client]) -> None:
    numbers = plant(app, client_as)
    with app.app_context():
        database = db.engine.url.database if db.engine.dialect.name == "sqlite" else None
    paths = [Path(f"{database}{suffix}") for suffix in ("", "-wal")] if database else []
    paths += [path for path in Path(app.instance_path).rglob("*") if path.is_file()]
    for path in paths:
        content = path.read_bytes() if path.exists() else b""
        assert not [number for number in numbers if number.encode() in content], path


def test_no_password_can_be_read_in_any_table(app: Flask, client_as: Callable[[str], Client]) -> None:
    client = client_as("liyutong")
    client.post("/password/", {"old": "Demo@2026", "new": "Geheim@2026!", "repeat": "Geheim@2026!"})
    client.login("liyutong", "Geheim@2027!")
    text = repr(dump(app, set()))
    assert "Geheim@202" not in text and "Demo@2026" not in text


def test_a_number_is_unique_and_found_by_its_index(everything: Session, teachers: list[Teacher]) -> None:
    number = teachers[0].id_number or ""
    found = everything.scalars(sa.select(Teacher).where(Teacher.id_number_hash == blind_index(number, "id_number")))
    assert [teacher.id for teacher in found] == [teachers[0].id]
    teachers[1].id_number = number
    with pytest.raises(sa.exc.IntegrityError) as caught:
        everything.flush()
    everything.rollback()
    assert number not in str(caught.value)
