"""The page on which a province sees its review chains and switches the levels."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Flask, flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name

from app.collection.chain import (
    CHAIN,
    LOG,
    NAMES,
    SHOWN,
    Consequence,
    chosen,
    consequences,
    examples,
    gaps,
    links,
    pass_on_reports,
    school_part,
    strands,
    switch,
    waits,
    wanted_levels,
)
from app.collection.queries import enabled_levels
from app.core.db import db, transaction, utc_now
from app.core.errors import AppError
from app.core.sections.forms import FormState, texts_from
from app.core.sections.section import Problem
from app.core.settings_log import timeline
from app.core.ui.addresses import whole_number
from app.core.ui.background import add_kind, notice
from app.core.ui.base_view import PlainView, current_actor
from app.core.ui.settings_form import settings_page

SAVED = "审核链已保存。"
ON_ITS_WAY = "审核链已保存。等着的资料较多，正在后台转交，进度见「后台任务」。"


class ChainView(PlainView):
    """The levels that review in the own province."""

    route_base = "/review-chain"
    class_permission_name = "chain"

    @expose("/", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def edit(self) -> Any:
        """The switches; posted, first what they would do, and with `seen` the storing."""
        actor = current_actor()
        if request.method == "GET":
            return self._page(enabled_levels(db.session, actor.unit_id), {}, [])
        texts = texts_from(CHAIN, actor.indicator_set, request.form)
        old, wanted, problems = wanted_levels(db.session, actor, texts)
        if problems:
            return self._page(old, texts, problems), 400
        if old == wanted:
            flash("没有变化，不用保存。", "info")
            return redirect(url_for(f"{self.endpoint}.edit"))
        seen = whole_number(request.form.get("seen", ""))
        if seen is None:
            return self._ask(old, wanted, texts)
        try:
            with transaction(db.session):
                job_id = switch(db.session, actor, wanted, seen, utc_now())
        except AppError as error:
            flash(error.message, "warning")
            return self._ask(old, wanted, texts), error.status
        if job_id is not None:
            notice(job_id)
        flash(ON_ITS_WAY if job_id is not None else SAVED, "success")
        return redirect(url_for(f"{self.endpoint}.edit"))

    def _ask(self, old: Mapping[str, bool], wanted: Mapping[str, bool], texts: Mapping[str, str]) -> str:
        found = list(consequences(old, wanted, waits(db.session), current_actor().unit_name))
        ask = {"consequences": found, "seen": sum(one.count for one in found), "texts": chosen(wanted)}
        return self._page(wanted, texts, [], ask)

    def _page(
        self,
        levels: Mapping[str, bool],
        texts: Mapping[str, str],
        problems: Sequence[Problem],
        ask: Mapping[str, int | list[Consequence] | Any] | None = None,
    ) -> str:
        actor = current_actor()
        state = FormState(CHAIN, actor.indicator_set, chosen(levels), texts, lambda _: "", problems)
        told = FormState(CHAIN, actor.indicator_set, {}, {}, lambda _: "")
        page = settings_page(
            state, CHAIN.title, [{"label": "工作台", "url": "/"}], meta=actor.unit_name,
            timeline=timeline(db.session, told, LOG, actor.unit_code),
        )  # fmt: skip
        stuck = strands(db.session, actor.unit_id, levels)
        return self.render_template(
            "collection/chain.html", form_page=page | {"save_label": "看有什么影响"}, ask=ask, chains=_chains(levels),
            waiting=_waiting(), stuck=stuck[:SHOWN], hidden=len(stuck[SHOWN:]),
        )  # fmt: skip


def _chains(levels: Mapping[str, bool]) -> list[dict[str, Any]]:
    """A school of each kind with its chain."""
    rows = []
    for kind, school in examples(db.session, current_actor().unit_id):
        chain = links(db.session, school, levels)
        rows.append(
            {
                "kind": kind,
                "school": school.name,
                "units": [f"{link.unit.name}（{link.reviewers} 人）" for link in chain],
                "note": school_part(db.session, school, chain),
                "gaps": gaps(school, chain),
            }
        )
    return rows


def _waiting() -> list[tuple[str, int]]:
    """How many reports of the province wait at each level."""
    found: dict[str, int] = {}
    for wait in waits(db.session):
        found[wait.level] = found.get(wait.level, 0) + wait.count
    return [(name, found.get(level, 0)) for level, name in NAMES.items() if level in found or level != "nation"]


def register(app: Flask, builder: Any) -> None:
    """Plug the page in."""
    add_kind(app, pass_on_reports)
    builder.add_view_no_menu(ChainView)
