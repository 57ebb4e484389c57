"""Screens of 代理审核: who reviews for whom, from day to day."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from flask import Flask, flash, redirect, url_for
from flask_appbuilder import expose
from flask_appbuilder.models.filters import BaseFilter
from flask_appbuilder.security.decorators import has_access, permission_name

from app.accounts.models import StandIn
from app.accounts.stand_ins import (
    LOG,
    STAND_IN,
    end_stand_in,
    for_whom,
    known_to,
    save_stand_in,
    stored_values,
    who_can,
)
from app.core.db import db, transaction, utc_now
from app.core.sections.choices import Option
from app.core.sections.fields import Field, Value
from app.core.sections.section import Problem
from app.core.ui.base_view import CappedInterface, current_actor
from app.core.ui.blueprint import macro
from app.core.ui.listing import ListRequest
from app.core.ui.settings_view import SettingsView
from app.permissions import Permission as P

FIXED = "不能改。要换人请提前结束，再新增。"


class KnownToActor(BaseFilter):  # type: ignore[misc]
    """The stand-ins that the actor is told of."""

    def apply(self, query: Any, value: Any) -> Any:
        return query.filter(known_to(current_actor()))


class StandInView(SettingsView):
    """The stand-ins for oneself; for 系统管理员 those of the unit."""

    settings, log = STAND_IN, LOG
    datamodel = CappedInterface(StandIn)
    route_base = "/stand-ins"
    class_permission_name = "stand_in"
    include_route_methods: ClassVar[set[str]] = {"list", "add", "edit", "end"}
    list_title = "代理审核"
    label_columns: ClassVar[dict[str, str]] = {
        "absent": "审核人", "person": "代理人", "since": "从", "until": "到", "state": "状态",
    }  # fmt: skip
    list_columns = ["person", "absent", "since", "until", "state"]
    search_columns: Any = ()
    order_columns: Any = ()
    base_order = ("id", "desc")
    empty: ClassVar[dict[str, str]] = {
        "title": "还没有代理审核",
        "text": "审核人请假时，可以请本单位没有审核权的同事代审。到期自动收回，代理人办的都写明「代」谁。",
    }

    def _init_properties(self) -> None:
        super()._init_properties()
        self.datamodel.eager = ("absent", "person")

    def list_filters(self, asked: ListRequest) -> list[Any]:
        return [["since", KnownToActor, ""]]

    def cell(self, row: StandIn, name: str) -> Any:
        if name == "state":
            return macro("tag")(*row.state(utc_now().astimezone().date()))
        if name in ("absent", "person"):
            return getattr(row, name).real_name
        return super().cell(row, name)

    def row_urls(self, rows: Sequence[Any]) -> list[str]:
        actor, today = current_actor(), utc_now().astimezone().date()
        mine = [row.absent_id == actor.user_id or actor.may(P.ACCOUNT_EDIT) for row in rows]
        shown = [own and not row.is_over(today) for row, own in zip(rows, mine, strict=True)]
        return [url_for(f"{self.endpoint}.edit", pk=row.id) if s else "" for row, s in zip(rows, shown, strict=True)]

    def primary_button(self) -> dict[str, str] | None:
        return {"label": "请人代审", "url": url_for(f"{self.endpoint}.add")}

    @expose("/edit/<pk>/end", methods=["POST"])
    @has_access
    @permission_name("edit")
    def end(self, pk: str) -> Any:
        """Take the right back before its last day."""
        row = self.row_or_404(pk)
        with transaction(db.session):
            end_stand_in(db.session, current_actor(), row, utc_now())
            flash(f"{row.person.real_name} 的代理审核已结束。", "success")
        return redirect(url_for(f"{self.endpoint}.list"))

    def opens(self, row: Any) -> bool:
        """A stand-in of the own unit that the actor may change."""
        actor = current_actor()
        return row.unit_id == actor.unit_id and (row.absent_id == actor.user_id or actor.may(P.ACCOUNT_EDIT))

    def _store(self, row: StandIn | None, texts: Mapping[str, str]) -> list[Problem]:
        return save_stand_in(db.session, current_actor(), row, texts, utc_now())

    def _values(self, row: StandIn | None) -> dict[str, Value]:
        if row is None and len(absent := for_whom(db.session, current_actor())) == 1:
            return {"absent": absent[0].username}
        return stored_values(row)

    def _form_title(self, row: StandIn | None) -> str:
        return f"{row.person.real_name} 代 {row.absent.real_name} 审核" if row else "请人代审"

    def _lock(self, row: StandIn | None, field: Field) -> str:
        return FIXED if row is not None and field.name != "until" else ""

    def _offer(self, groups: Sequence[Mapping[str, Any]], row: StandIn | None) -> None:
        actor = current_actor()
        offered = {
            "absent": [row.absent] if row else for_whom(db.session, actor),
            "person": [row.person] if row else who_can(db.session, actor),
        }
        for item in (item for group in groups for item in group["items"] if item.name in offered):
            item.kind = "select"
            item.options = [
                Option(account.username, f"{account.real_name}（{account.username}）") for account in offered[item.name]
            ]

    def _actions(self, row: StandIn) -> list[dict[str, Any]]:
        confirm = f"{row.person.real_name} 马上不能再审核；已经办的不变。"
        url = url_for(f"{self.endpoint}.end", pk=row.id)
        return [{"label": "提前结束", "url": url, "post": True, "danger": True, "confirm": confirm}]


def register(app: Flask, builder: Any) -> None:
    """Plug the screens in."""
    builder.add_view_no_menu(StandInView)
