"""The choices of a condition are drawn once, and anew when the codes change."""

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.codes import Code, codes, touch
from app.core.ui.options import Options, draw_options
from tests.conftest import Client

LIST = "/teachers/list/"


def test_texts_are_escaped_and_the_chosen_one_is_marked() -> None:
    choice = {
        "label": "岗位<b>",
        "value": "2",
        "options": Options([{"value": "", "label": "全部岗位"}, {"value": "2", "label": "<i>教师"}]),
    }
    drawn = draw_options(choice, labelled=False)
    assert drawn == (
        '<option value="">全部岗位</option><option value="2" selected>岗位&lt;b&gt;：&lt;i&gt;教师</option>'
    )
    assert draw_options(choice, labelled=False) is drawn
    assert draw_options({**choice, "value": ""}, labelled=True) == (
        '<option value="" selected>全部</option><option value="2">&lt;i&gt;教师</option>'
    )


def test_without_a_choice_for_all_one_stands_before_them() -> None:
    choice = {"label": "状态", "value": None, "options": [{"value": "1", "label": "在岗"}]}
    assert draw_options(choice, labelled=False) == (
        '<option value="">状态：全部</option><option value="1">状态：在岗</option>'
    )


def test_a_changed_name_stands_in_the_condition(everything: Session, client_as: Callable[[str], Client]) -> None:
    client = client_as("liyutong")
    assert "男</option>" in client.get(LIST).text
    everything.rollback()  # it may have read before the login wrote
    everything.execute(sa.update(Code).where(Code.table_name == "GENDER", Code.code == "1").values(name="男性"))
    touch(everything, "GENDER")
    everything.commit()
    codes.forget()
    page = client.get(LIST).text
    assert "男性</option>" in page and "男</option>" not in page
