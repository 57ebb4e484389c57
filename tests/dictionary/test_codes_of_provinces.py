"""What a province adds to the code tables: offered there and nowhere else, named everywhere, changed by nobody else."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.codes import TABLES, Code, CodeTable, codes
from app.core.indicator_set import IndicatorSet
from app.core.sections.reading import read
from app.core.settings_log import SettingChange
from app.core.validators import InvalidValue
from app.organisations.models import Unit
from app.records import BY_NAME
from tests.conftest import Client
from tests.kinds import S

MARITAL = BY_NAME["basic_info"].fields["marital_status"]
NEW = {"code": "P5301", "name": "走婚", "aliases": "走访婚", "sort": "500", "selectable": "1"}
ADD = "/dictionary/codes/add/MARITAL"
LIST = "/dictionary/codes/list/?_flt_0_table_name=MARITAL"


@pytest.fixture
def province(client_as: Callable[[str], Client]) -> Client:
    return client_as("yunchuan_sys")


@pytest.fixture
def here(everything: Session) -> IndicatorSet:
    """A school of 云川省."""
    return everything.scalars(sa.select(Unit).where(Unit.level == "school").order_by(Unit.id)).first().indicator_set  # type: ignore[union-attr]


def code(session: Session, value: str, table: str = "MARITAL") -> Code | None:
    session.rollback()
    codes.refresh(session)
    return session.scalar(sa.select(Code).where(Code.table_name == table, Code.code == value))


def test_a_code_of_a_province_is_offered_there_and_nowhere_else(
    province: Client, everything: Session, here: IndicatorSet
) -> None:
    assert 'value="P5301"' in province.get(ADD).text, "a free code under the own prefix is proposed"
    assert province.post(ADD, NEW).status_code == 302
    row = code(everything, "P5301")
    assert row is not None and row.province_id == here.province_id
    assert read(MARITAL, "走访婚", here) == "P5301" and codes["MARITAL"].show("P5301") == "走婚"
    for other in (S, replace(here, province_id=here.province_id + 1)):
        assert "P5301" not in [entry.code for entry in codes["MARITAL"].offered(other)]
        with pytest.raises(InvalidValue):
            read(MARITAL, "走婚", other)
    assert 'value="P5302"' in province.get(ADD).text


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"code": "88"}, "P53 开头"),
        ({"code": "P53"}, "P53 开头"),
        ({"code": "P5401"}, "P53 开头"),
        ({"name": "未婚"}, "不能指两个代码"),
        ({"aliases": "没结婚；未婚"}, "不能指两个代码"),
    ],
)
def test_what_a_province_may_not_add(province: Client, everything: Session, texts: dict[str, str], said: str) -> None:
    answer = province.post(ADD, NEW | texts)
    assert answer.status_code == 400 and said in answer.text
    everything.rollback()
    assert everything.scalar(sa.select(sa.func.count(Code.id)).where(Code.province_id > 0)) == 0


def test_the_codes_of_the_nation_stay_closed(province: Client, everything: Session) -> None:
    row = code(everything, "10")
    assert row is not None
    page = province.get(LIST).text
    assert "新增代码" in page and f"/dictionary/codes/edit/{row.id}" not in page
    for path in (f"edit/{row.id}", f"edit/{row.id}/retire"):
        assert province.post(f"/dictionary/codes/{path}", NEW).status_code == 403
    assert province.get(f"/dictionary/codes/edit/{row.id}").status_code == 403
    again = code(everything, "10")
    assert again is not None and again.name == row.name and not again.valid_to


def test_another_province_sees_nothing_of_it_and_the_nation_all(
    province: Client, everything: Session, client_as: Callable[[str], Client]
) -> None:
    province.post(ADD, NEW)
    assert "走婚" in province.get(LIST).text
    row = code(everything, "P5301")
    assert row is not None
    nation = client_as("moe_sys")
    page = nation.get(LIST).text
    assert "走婚" in page and "云川省教育厅" in page
    assert nation.post(f"/dictionary/codes/edit/{row.id}", NEW | {"name": "别的"}).status_code == 403
    assert "走婚" in client_as("liyutong").get(LIST).text
    everything.rollback()
    everything.execute(sa.update(Code).where(Code.id == row.id).values(province_id=row.province_id + 1000))
    everything.commit()  # another province's now
    assert "走婚" not in province.get(LIST).text
    assert province.post(f"/dictionary/codes/edit/{row.id}", NEW).status_code == 404
    assert "走婚" not in client_as("liyutong").get(LIST).text


def test_a_name_that_the_nation_adds_later_means_the_nations(
    province: Client, everything: Session, client_as: Callable[[str], Client], here: IndicatorSet
) -> None:
    province.post(ADD, NEW)
    assert client_as("moe_sys").post(ADD, NEW | {"code": "88", "aliases": ""}).status_code == 302
    code(everything, "88")
    assert read(MARITAL, "走婚", here) == "88" and read(MARITAL, "P5301", here) == "P5301"


def test_two_provinces_may_use_one_name_in_a_tree(province: Client, everything: Session, here: IndicatorSet) -> None:
    add = "/dictionary/codes/add/ORG_NATURE"
    assert province.post(add, {"code": "P5301", "name": "乡村教学点", "sort": "1", "parent": "23"}).status_code == 302
    everything.rollback()
    everything.add(
        Code(table_name="ORG_NATURE", code="P5401", name="乡村教学点", parent="23", province_id=here.province_id + 1)
    )
    everything.execute(sa.update(CodeTable).values(version=CodeTable.version + 1))
    everything.commit()
    codes.forget()
    codes.refresh(everything)
    table = codes["ORG_NATURE"]
    assert table.find("乡村教学点", here).code == "P5301"
    texts = {table.text(table.entries[found]) for found in ("P5301", "P5401")}
    assert len(texts) == 2, "the field of a picker tells them apart"


# ── tables of a province ──


def test_a_table_of_a_province_serves_its_items(
    province: Client, everything: Session, client_as: Callable[[str], Client], here: IndicatorSet
) -> None:
    assert province.post("/dictionary/add", {"title": "帮扶类型", "standard": "云教〔2026〕1 号"}).status_code == 302
    everything.rollback()
    table = everything.scalars(sa.select(CodeTable).where(CodeTable.title == "帮扶类型")).one()
    assert (table.name, table.province_id) == ("P53_001", here.province_id)
    path = f"/dictionary/codes/add/{table.name}"
    assert province.post(path, {"code": "P5301", "name": "支教", "sort": "1"}).status_code == 302
    everything.rollback()
    codes.refresh(everything)
    assert [entry.name for entry in codes[table.name].offered(here)] == ["支教"]
    assert "帮扶类型" in [entry.name for entry in codes[TABLES].offered(here)]
    assert "帮扶类型" not in [entry.name for entry in codes[TABLES].offered(S)]
    item = {
        "section": "basic_info", "label": "帮扶类型", "kind": "code", "code_table": table.name, "school_types": "S",
        "filled_by": "A", "sort": "1",
    }  # fmt: skip
    assert province.post("/indicators/add", item).status_code == 302
    everything.rollback()
    codes.refresh(everything)
    added = BY_NAME["basic_info"].fields_for(here)[-1]
    assert added.label == "帮扶类型" and read(added, "支教", here) == "P5301"
    assert client_as("shiqiao").get(f"/dictionary/codes/list/?_flt_0_table_name={table.name}").status_code == 200
    assert client_as("moe_sys").post(path, {"code": "1", "name": "别的", "sort": "1"}).status_code == 403


def test_a_table_is_renamed_by_who_made_it(province: Client, everything: Session) -> None:
    province.post("/dictionary/add", {"title": "帮扶类型"})
    assert province.post("/dictionary/add", {"title": "帮扶类型"}).status_code == 400, "no second one of that name"
    assert province.post("/dictionary/add", {"title": " "}).status_code == 400
    everything.rollback()
    table = everything.scalars(sa.select(CodeTable).where(CodeTable.province_id > 0)).one()
    national = everything.scalars(sa.select(CodeTable).where(CodeTable.name == "MARITAL")).one()
    assert province.post(f"/dictionary/edit/{table.id}", {"title": "帮扶方式"}).status_code == 302
    assert province.post(f"/dictionary/edit/{national.id}", {"title": "婚否"}).status_code == 404
    everything.rollback()
    assert (table.title, national.title) == ("帮扶方式", "婚姻状况")
    assert "帮扶类型" in province.get(f"/dictionary/edit/{table.id}").text, "the list of changes"
    assert everything.scalar(sa.select(sa.func.count(SettingChange.id))) == 2
