"""教师信息表: everything of the record on paper, for who may see it, and noted."""

import datetime as dt
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from flask import Flask
from PIL import Image
from sqlalchemy.orm import Session

from app.core.db import db
from app.core.sections.fields import ALL_SCHOOL_TYPES
from app.core.sections.section import show
from app.documents.record import content as document
from app.documents.record.content import Printing, record_content, record_pdf
from app.organisations.models import Unit
from app.records import CHILD_SECTIONS, SECTIONS, sections_for
from app.records.access import AccessLog
from app.records.teacher import SECTION as BASIC_INFO
from app.records.teacher import Teacher
from tests.conftest import Client
from tests.kinds import NOWHERE, S
from tests.pdf_reading import fonts_of, joined, page_count, picture_count, text_of
from tests.test_every_section import sample

NOW = dt.datetime(2026, 11, 21, 8, 30, tzinfo=dt.UTC)
BY = Printing("李雨桐（青禾县第一中学）", NOW)


def teacher_of(kind: str, **values: Any) -> Teacher:
    """A teacher with a value for every item of one kind of school."""
    unit = Unit(id=NOWHERE, name="青禾县第一中学", level="school", school_kind=kind, code="3453000101")
    filled = {field.name: sample(field, unit.indicator_set) for field in BASIC_INFO.fields_for(unit.indicator_set)}
    return Teacher(**({"unit": unit, "status": "draft"} | filled | values))


def rows_for(teacher: Teacher, count: int = 1) -> dict[str, list[Any]]:
    """Rows with a value for every item, in every section."""
    kind, rows = teacher.indicator_set, {section.name: [] for section in SECTIONS}
    for section in sections_for(kind):
        values = {field.name: sample(field, kind) for field in section.fields_for(kind)}
        rows[section.name] = [section.model(**values) for _ in range(count)] if section.many else [teacher]
    return rows


@pytest.fixture
def printed(app: Flask, everything: Session) -> Iterator[Callable[..., bytes]]:
    """`printed(teacher, rows)`: the document."""
    with app.app_context():
        yield lambda teacher, rows, printing=BY, photo=b"": record_pdf(record_content(teacher, rows, printing, photo))


def without_rows(teacher: Teacher) -> dict[str, list[Any]]:
    return {section.name: [] for section in SECTIONS} | {"basic_info": [teacher]}


# ── what stands on the paper ──


@pytest.mark.parametrize("kind", ALL_SCHOOL_TYPES)
def test_every_value_of_every_section_is_printed(printed: Callable[..., bytes], tmp_path: Path, kind: str) -> None:
    teacher = teacher_of(kind)
    rows, indicator_set = rows_for(teacher), teacher.indicator_set
    texts = [
        (rows[s.name][0], f)
        for s in sections_for(indicator_set)
        for f in s.fields_for(indicator_set)
        if f.kind == "text"
    ]
    for number, (row, field) in enumerate(texts):
        if not field.secret:
            setattr(row, field.name, f"甲{number:03}")  # every text is another one
    content = printed(teacher, rows)
    said = joined(text_of(content, tmp_path))
    for section in sections_for(indicator_set):
        assert joined(section.title) in said
        for field in section.fields_for(indicator_set):
            assert joined(field.label) in said, field.label
            value = show(field, section.values(rows[section.name][0])[field.name], indicator_set)
            assert value and joined(value) in said, field.label
    assert all(fonts_of(content, tmp_path).values())
    pages = page_count(content, tmp_path)
    assert pages >= 4 and f"第{pages}页/共{pages}页" in said
    assert "没有记录的板块" not in said


def test_heading_names_person_school_state_and_print(printed: Callable[..., bytes], tmp_path: Path) -> None:
    teacher = teacher_of("S", name="陈秋实", status="approved")
    content = printed(teacher, without_rows(teacher))
    said, pages = text_of(content, tmp_path), page_count(content, tmp_path)
    assert "教师信息表" in said and "学校：青禾县第一中学" in said and "审核状态：审核通过" in said
    at = f"{NOW.astimezone():%Y-%m-%d %H:%M}"
    assert joined(f"李雨桐（青禾县第一中学） {at} 打印") in joined(said)
    assert "本人签名：" in said and "学校（盖章）：" in said and f"第 {pages} 页 / 共 {pages} 页" in said


def test_sections_without_rows_are_named_in_one_sentence(printed: Callable[..., bytes], tmp_path: Path) -> None:
    teacher = teacher_of("S")
    said = joined(text_of(printed(teacher, without_rows(teacher)), tmp_path))
    names = "、".join(section.title for section in CHILD_SECTIONS if "S" in section.school_types)
    assert joined(f"没有记录的板块：{names}。") in said


def test_nothing_is_left_blank(app: Flask, everything: Session) -> None:
    teacher = teacher_of("S", former_name=None, it_skill=None, remark="")
    content = record_content(teacher, without_rows(teacher), BY)
    lines = [item for group in content["groups"] for line in group["lines"] for item in line]
    shown = {item["label"]: item["value"] for item in lines}
    assert (shown["曾用名"], shown["备注"], shown["信息技术应用能力"]) == ("无", "无", "未填")
    assert all(shown.values())


def test_number_is_whole_for_the_person_only(app: Flask, everything: Session) -> None:
    teacher = teacher_of("S", id_number="11010519491231002X")
    for whole, number in ((False, "110105********002X"), (True, "11010519491231002X")):
        content = record_content(teacher, without_rows(teacher), Printing("某人", NOW, whole))
        values = [item["value"] for group in content["groups"] for line in group["lines"] for item in line]
        assert number in values and len([v for v in values if "110105" in v]) == 1


def test_photo_or_its_empty_frame_is_on_the_first_page(printed: Callable[..., bytes], tmp_path: Path) -> None:
    teacher, made = teacher_of("S"), BytesIO()
    Image.new("RGB", (197, 244), "navy").save(made, "JPEG")
    empty = printed(teacher, without_rows(teacher))
    assert "照片" in text_of(empty, tmp_path, 1) and picture_count(empty, tmp_path) == 0
    filled = printed(teacher, without_rows(teacher), photo=made.getvalue())
    assert "照片" not in text_of(filled, tmp_path, 1) and picture_count(filled, tmp_path) == 1


@pytest.mark.parametrize(
    "name", ["𠮷野䶮", "A<B & C", "<img src='/etc/passwd'>", "阿卜杜拉·买买提·艾合买提江" * 4, "=cmd|'/C calc'!A0"]
)
def test_strange_names_are_printed_as_they_are(printed: Callable[..., bytes], tmp_path: Path, name: str) -> None:
    teacher = teacher_of("S", name=name, remark=name * 3)
    content = printed(teacher, without_rows(teacher))
    assert joined(f"姓名{name}") in joined(text_of(content, tmp_path))
    assert joined(name * 3) in joined(text_of(content, tmp_path)) and picture_count(content, tmp_path) == 0


def test_longest_values_fit(printed: Callable[..., bytes], tmp_path: Path) -> None:
    """Every text as long as its item allows: the heading, the feet and the narrowest columns hold it."""
    longest = {f.name: "长" * f.length for f in BASIC_INFO.fields_for(S) if f.kind == "text" and not f.secret}
    teacher = teacher_of("S", **longest)
    teacher.unit.name = "校" * 100
    rows = rows_for(teacher)
    for section in CHILD_SECTIONS:
        for row in rows[section.name]:
            for field in section.fields_for(S):
                if field.kind == "text":
                    setattr(row, field.name, "值" * field.length)
    content = printed(teacher, rows, Printing("印" * 64 + "（" + "校" * 100 + "）", NOW))
    said = joined("".join(text_of(content, tmp_path, page + 1) for page in range(page_count(content, tmp_path))))
    wanted = sum(f.length for s in sections_for(S) if s.many for f in s.fields_for(S) if f.kind == "text")
    assert said.count("值") >= wanted and said.count("长") >= sum(map(len, longest.values()))


def test_many_rows_go_over_pages_with_their_headings(printed: Callable[..., bytes], tmp_path: Path) -> None:
    teacher = teacher_of("S")
    rows = without_rows(teacher) | {"annual_review": rows_for(teacher, 90)["annual_review"]}
    content = printed(teacher, rows)
    pages = page_count(content, tmp_path)
    assert pages >= 3
    for page in range(2, pages):
        assert "考核年度" in text_of(content, tmp_path, page)


# ── who gets it ──


@pytest.fixture
def prints(everything: Session) -> Callable[[], list[AccessLog]]:
    """What was noted of prints."""

    def noted() -> list[AccessLog]:
        everything.rollback()
        return list(everything.scalars(sa.select(AccessLog).where(AccessLog.kind == "print")))

    return noted


def test_clerk_downloads_the_record_and_it_is_noted(
    client_as: Callable[[str], Client], teachers: list[Teacher], prints: Callable[[], list[AccessLog]], tmp_path: Path
) -> None:
    teacher = teachers[0]
    answer = client_as("liyutong").post(f"/teachers/{teacher.id}/pdf")
    assert answer.status_code == 200 and answer.mimetype == "application/pdf"
    assert f"filename*=UTF-8''{quote(f'{teacher.name}-教师信息表.pdf')}" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store" and answer.headers["Content-Security-Policy"] == "sandbox"
    said = text_of(answer.data, tmp_path)
    assert teacher.name in said and "李雨桐（青禾县第一中学）" in said
    assert teacher.id_number and teacher.id_number not in said and teacher.id_number[-4:] in said
    (noted,) = prints()
    assert (noted.actor_name, noted.teacher_id, noted.detail) == ("李雨桐", teacher.id, "教师信息表")


def test_teacher_downloads_the_own_record_whole(
    client_as: Callable[[str], Client], teachers: list[Teacher], prints: Callable[[], list[AccessLog]], tmp_path: Path
) -> None:
    number = teachers[0].id_number or ""
    answer = client_as(number).post("/my/print")
    assert answer.status_code == 200 and number in text_of(answer.data, tmp_path)
    assert [(noted.teacher_id, noted.actor_name) for noted in prints()] == [(teachers[0].id, teachers[0].name)]


def test_stranger_finds_nothing_and_nothing_is_noted(
    client_as: Callable[[str], Client], teachers: list[Teacher], prints: Callable[[], list[AccessLog]]
) -> None:
    assert client_as("shiqiao").post(f"/teachers/{teachers[0].id}/pdf").status_code == 404
    assert client_as("yizhong_sys").post(f"/teachers/{teachers[0].id}/pdf").status_code == 403
    assert client_as(teachers[0].id_number or "").post(f"/teachers/{teachers[1].id}/pdf").status_code == 403
    assert client_as("liyutong").post("/my/print").status_code == 403
    assert client_as("liyutong").get(f"/teachers/{teachers[0].id}/pdf").status_code == 405
    assert prints() == []


def test_record_that_cannot_be_printed_says_why_and_is_not_noted(
    client_as: Callable[[str], Client], everything: Session, teachers: list[Teacher],
    prints: Callable[[], list[AccessLog]],
) -> None:  # fmt: skip
    teachers[0].remark = "爱好：😀"
    everything.commit()
    client, page = client_as("liyutong"), f"/teachers/show/{teachers[0].id}"
    answer = client.post(f"/teachers/{teachers[0].id}/pdf", headers={"Referer": f"http://localhost{page}"})
    assert answer.status_code == 302 and answer.location == page
    assert "「爱好：😀」里的「😀」（U+1F600）印不出来" in client.get(page).get_data(as_text=True)
    assert prints() == []


def test_nobody_waits_for_the_database_while_it_is_drawn(
    client_as: Callable[[str], Client], teachers: list[Teacher], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []

    def draw(*_arguments: Any, **_options: Any) -> bytes:
        seen.append(db.session.registry().in_transaction())  # type: ignore[attr-defined]
        return b"%PDF"

    monkeypatch.setattr(document, "make_pdf", draw)
    assert client_as("liyutong").post(f"/teachers/{teachers[0].id}/pdf").data == b"%PDF"
    assert seen == [False]


def test_download_asks_few_questions(
    client_as: Callable[[str], Client], count_queries: Any, teachers: list[Teacher], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "make_pdf", lambda *_a, **_o: b"%PDF")
    client = client_as("liyutong")
    token = client.token()
    with count_queries() as statements:
        client.client.post(f"/teachers/{teachers[0].id}/pdf", data={"csrf_token": token})
    assert len(statements) <= 12, "\n".join(statements)


def test_buttons_are_on_the_pages(client_as: Callable[[str], Client], teachers: list[Teacher]) -> None:
    page = client_as("liyutong").get(f"/teachers/show/{teachers[0].id}").get_data(as_text=True)
    assert f'action="/teachers/{teachers[0].id}/pdf"' in page and "下载 PDF" in page and "data-print" in page
    assert '<p class="print-foot">李雨桐 · 青禾县第一中学 · ' in page
    own = client_as(teachers[0].id_number or "").get("/my/").get_data(as_text=True)
    assert 'action="/my/print"' in own and "下载 PDF" in own


def test_login_that_ran_out_leads_back_to_the_own_page(
    client_as: Callable[[str], Client], teachers: list[Teacher]
) -> None:
    answer = client_as(teachers[0].id_number or "").get("/my/print")
    assert answer.status_code == 302 and answer.location == "/my/"
