"""The home page: what there is to do, by role."""

from typing import Any

from flask import redirect, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name

from app.collection.flow import REPORT
from app.collection.queries import counts_by_status, recent_steps, waiting_for
from app.core.db import db, utc_now
from app.core.ui.base_view import PlainView, current_actor
from app.permissions import Permission as P
from app.records.states import STATES

WEEKDAYS = "一二三四五六日"
RECENT = 10


class HomeView(PlainView):
    """Start page of administrators; teachers go to their record."""

    route_base = ""
    class_permission_name = "home"

    @expose("/")
    def index(self) -> Any:
        if current_actor().teacher_id is not None:
            return redirect(url_for("MyView.overview"))
        return self.home()

    @has_access
    @permission_name("show")
    def home(self) -> Any:
        actor = current_actor()
        today = utc_now().astimezone()
        date = f"{today.year} 年 {today.month} 月 {today.day} 日 星期{WEEKDAYS[today.weekday()]}"
        return self.render_template(
            "portal/home.html", cards=self._cards(), steps=self._steps(), date=date, unit=actor.unit_name
        )

    def _steps(self) -> list[dict[str, str]]:
        """What was done last, each with the record it is about."""
        if not current_actor().may(P.RECORD_LIST):
            return []
        return [
            {
                "name": name,
                "url": url_for("TeacherView.show", pk=step.row_id),
                "what": REPORT.by_name[step.step].label,
                "who": f"{step.actor_name}（{step.unit_name}）",
                "at": f"{step.at.astimezone():%m-%d %H:%M}",
                "comment": step.comment,
            }
            for step, name in recent_steps(db.session, RECENT)
        ]

    def _cards(self) -> list[dict[str, Any]]:
        """What waits, each with the list behind the number."""
        actor = current_actor()
        cards: list[dict[str, Any]] = []
        if actor.may(P.REVIEW_LIST):
            waiting = waiting_for(db.session, actor)
            cards.append(
                {"n": waiting, "label": "待本单位审核", "url": url_for("ReviewQueueView.list"), "hot": waiting}
            )
        if actor.may(P.RECORD_LIST):
            counts = counts_by_status(db.session)
            for status, state in STATES.items():
                url = url_for("TeacherView.list", _flt_0_status=status)
                cards.append(
                    {"n": counts.get(status, 0), "label": state.label, "url": url, "bad": status == "rejected"}
                )
        return cards
