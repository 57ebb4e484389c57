"""What surrounds every page: side bar, unit, user. One table of areas; permissions decide what is shown."""

from dataclasses import dataclass
from typing import Any

from flask import Flask, g, request, url_for

from app.collection.queries import waiting_for
from app.core.actor import Actor
from app.core.db import db
from app.core.sections.views import view_name
from app.core.ui.background import news
from app.core.ui.listing import total_text
from app.messages.views import bell
from app.permissions import Permission as P
from app.records import CHILD_SECTIONS
from app.records.search import PERSON_HINT


@dataclass(frozen=True)
class Entry:
    """One line of the side bar."""

    label: str
    endpoint: str
    permission: P
    prefix: str | tuple[str, ...]  # addresses that make it the current one
    counted: bool = False


# Teachers' accounts lie below the same address and have a line of their own.
ACCOUNTS = ("/accounts/list/", "/accounts/add", "/accounts/edit/", "/accounts/roles", "/accounts/look-ups")
MENU: tuple[tuple[str, str, tuple[Entry, ...]], ...] = (
    (
        "教师信息",
        "users",
        (
            Entry("教师列表", "TeacherView.list", P.RECORD_LIST, "/teachers/"),
            Entry("Excel 导入", "ImportView.start", P.IMPORT_USE, "/imports/"),
            Entry("照片批量上传", "PhotoBatchView.start", P.IMPORT_USE, "/photos/"),
            Entry("审核", "ReviewQueueView.list", P.REVIEW_LIST, "/review/", counted=True),
            Entry("数据上报进展", "ProgressView.show", P.PROGRESS_SHOW, "/progress/"),
            Entry("队伍结构", "StructureView.show", P.PROGRESS_SHOW, "/structure/"),
            Entry("采集轮次", "RoundView.list", P.ROUND_LIST, "/rounds/"),
        ),
    ),
    (
        "分板块查询",
        "table-list",
        tuple(
            Entry(section.title, f"{view_name(section)}.list", P.RECORD_LIST, f"/records/{section.name}/")
            for section in CHILD_SECTIONS
        ),
    ),
    (
        "系统管理",
        "gear",
        (
            Entry("账号", "AccountView.list", P.ACCOUNT_LIST, ACCOUNTS),
            Entry("教师账号", "TeacherAccountView.list", P.TEACHER_ACCOUNT_LIST, "/accounts/teachers/"),
            Entry("单位", "UnitView.list", P.UNIT_LIST, "/units/"),
            Entry("二级单位", "DepartmentView.list", P.DEPARTMENT_LIST, "/departments/"),
            Entry("审核链", "ChainView.edit", P.CHAIN_EDIT, "/review-chain/"),
            Entry("本省指标", "ProvinceItemView.list", P.ITEM_LIST, "/indicators/"),
            Entry("代理审核", "StandInView.list", P.STAND_IN_LIST, "/stand-ins/"),
            Entry("退回原因", "ReasonView.list", P.REASON_LIST, "/reasons/"),
            Entry("数据字典", "CodeTableView.list", P.CODE_LIST, "/dictionary/"),
        ),
    ),
)


def install(app: Flask) -> None:
    """Give every template its `shell`."""
    app.context_processor(lambda: {"shell": build()})


def build() -> dict[str, Any] | None:
    """The shell of this request; None before login."""
    actor: Actor | None = g.get("actor")
    if actor is None:
        return {
            "app_name": "教师管理信息系统",
            "login_url": url_for("AuthView.login"),
            "alive_url": url_for("AuthView.alive"),
            "captcha_url": url_for("AuthView.captcha"),
        }
    is_self = actor.teacher_id is not None
    return {
        "app_name": "教师自助" if is_self else "教师管理信息系统",
        "user_name": actor.name,
        "unit_name": actor.unit_name,
        "role_label": actor.role_label,
        "home_url": "/",
        "is_self": is_self,
        "menu": [] if is_self else _menu(actor),
        "self_menu": [{"label": "我的档案", "url": url_for("MyView.overview"), "current": True}] if is_self else [],
        "jobs_url": url_for("JobView.list") if actor.may(P.JOB_LIST) else "",
        "jobs": news(actor),
        "notices": bell(actor),
        "logout_url": url_for("AuthView.logout"),
        "me_url": url_for("MeView.show"),
        "password_url": url_for("PasswordView.change"),
        "login_url": url_for("AuthView.login"),
        "alive_url": url_for("AuthView.alive"),
        "captcha_url": url_for("AuthView.captcha"),
        "search_url": url_for("TeacherView.search") if actor.may(P.RECORD_LIST) else "",
        "search_hint": PERSON_HINT,
    }


def _menu(actor: Actor) -> list[dict[str, Any]]:
    home = {"label": "工作台", "icon": "house", "url": "/", "current": request.path == "/", "items": []}
    groups: list[dict[str, Any]] = [home]
    for label, icon, entries in MENU:
        items = [_item(actor, entry) for entry in entries if actor.may(entry.permission)]
        if items:
            groups.append(
                {
                    "label": label,
                    "icon": icon,
                    "items": items,
                    "open": any(i["current"] for i in items) or len(groups) == 1,
                }
            )
    return groups


def _item(actor: Actor, entry: Entry) -> dict[str, Any]:
    count = waiting_for(db.session, actor) if entry.counted else 0
    return {
        "label": entry.label,
        "url": url_for(entry.endpoint),
        "current": request.path.startswith(entry.prefix),
        "count": total_text(count) if count else "",
        "hot": bool(count),
    }
