"""The home page of each role: what there is to do, deadlines, progress, the staff, what was done last."""

from dataclasses import replace
from typing import Any

from flask import redirect, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name

from app.accounts.roles import ROLES
from app.collection.flow import REPORT
from app.collection.progress import Line, arranged
from app.collection.progress_views import BAR, COLOURS, WORST_FIRST, bar_of, counted, in_words
from app.collection.queries import recent_steps
from app.collection.rounds import UNREPORTED, Deadline, deadlines_for
from app.collection.rounds_tables import TODAY, day_in_words
from app.core.db import db, utc_now
from app.core.ui.base_view import PlainView, current_actor
from app.permissions import Permission as P
from app.portal.home_cards import cards_of, in_school
from app.portal.home_charts import charts
from app.portal.home_facts import Facts
from app.records.states import STATES
from app.statistics.queries import structure, structure_day

WEEKDAYS = "一二三四五六日"
RECENT = 10
UNITS = 8  # lines of the progress; the page behind has all
TRAINING_ADMIN = next(role.name for role in ROLES if role.key == "training_admin")
TRAINING_TO_COME = (
    "培训计划和学分管理还没有开放，开放后您要办的事会出现在这里。现在可以查询教师、看上报进展和队伍结构。"
)


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
        actor, today = current_actor(), utc_now().astimezone()
        facts = Facts(db.session, actor, utc_now())
        cards = self._cards(facts)
        page = {
            "date": f"{today.year} 年 {today.month} 月 {today.day} 日 星期{WEEKDAYS[today.weekday()]}",
            "unit": actor.unit_name,
            "cards": cards,
            "idle": any(card["work"] for card in cards) and not any(card["n"] for card in cards if card["work"]),
            "note": TRAINING_TO_COME if TRAINING_ADMIN in actor.role_label.split("、") else "",
            "start": self._start(facts),
            "deadlines": self._deadlines(facts) if actor.may(P.ROUND_LIST) else None,
            "progress": self._progress(facts) if actor.may(P.PROGRESS_SHOW) else None,
            "structure": self._structure() if actor.may(P.PROGRESS_SHOW) else None,
            "steps": self._steps() if actor.may(P.RECORD_LIST) else [],
        }
        return self.render_template("portal/home.html", page=page)

    def _cards(self, facts: Facts) -> list[dict[str, Any]]:
        """What there is to do and to know, each number with the list behind it."""
        found = []
        for card in cards_of(facts.actor):
            number, work = card.number(facts), card.is_work_of(facts)
            if number or not card.rare:
                url = url_for(card.endpoint, **card.asked(facts.actor))
                kind = card.kind if work and number else ""
                found.append(
                    {"n": number, "label": card.label, "url": url, "kind": kind, "note": card.note(facts), "work": work}
                )
        return found

    def _start(self, facts: Facts) -> list[dict[str, Any]]:
        """The first steps of a school, until it has reported somebody; the first that is not done comes next."""
        actor = facts.actor
        if actor.level != "school" or not actor.may(P.RECORD_REPORT) or not actor.may(P.IMPORT_USE):
            return []
        people = facts.figures.due
        if facts.figures.missing < people:
            return []
        steps = [
            ("下载模板", "按您学校的类型生成，下拉框里是现行的代码。", people, url_for("ImportView.start")),
            ("导入教师", "填好的文件传上来，先核对，再写入。也可以逐个新增。", people, url_for("ImportView.start")),
        ]
        if actor.may(P.TEACHER_ACCOUNT_LIST):
            made = people - facts.teacher_accounts["none"]
            url = url_for("TeacherAccountView.list", _flt_0_state="none")
            steps.append(("生成账号", "把初始密码发给教师，教师自己填的部分由本人填。", made, url))
        steps.append(("报送", "资料完整的报送给上级审核，退回的改好再报。", 0, url_for("TeacherView.list")))
        found = [{"title": title, "text": text, "done": bool(n), "url": url} for title, text, n, url in steps]
        following = next(number for number, step in enumerate(found) if not step["done"])
        return [step | {"next": number == following} for number, step in enumerate(found)]

    def _deadlines(self, facts: Facts) -> list[dict[str, Any]]:
        """The rounds of today, or the next one; how many of a school's people have still to be reported."""
        found = deadlines_for(db.session, facts.unit, TODAY(), counted=False)
        if facts.actor.level == "school" and facts.actor.may(P.PROGRESS_SHOW):
            found = [replace(one, missing=facts.figures.missing) if one.running else one for one in found]
        return [_deadline(one) for one in found]

    def _progress(self, facts: Facts) -> dict[str, Any]:
        """The units below, worst first; the states of a school that has none."""
        actor, figures = facts.actor, facts.figures
        total = Line("", "", "", str(actor.unit_id), figures)
        lines = arranged(facts.lines, WORST_FIRST, falling=False, late_only=False)
        return {
            "title": "上报进展" if in_school(actor) else "各单位上报进展",
            "url": url_for("ProgressView.show"),
            "all": len(lines),
            "due": counted(actor, total, figures.due),
            "percent": figures.percent,
            "bar": bar_of(figures),
            "said": in_words(figures),
            "rows": [_progress_row(line) for line in lines[:UNITS]],
            "states": [
                {"label": state.label, **counted(actor, total, figures.count(name), status=name)}
                for name, state in STATES.items()
            ],
            "legend": [(STATES[name].label, COLOURS[name]) for name in BAR],
            "units_url": url_for("UnitView.list") if actor.may(P.UNIT_LIST) else "",
            "in_school": in_school(actor),
        }

    def _structure(self) -> dict[str, Any]:
        actor = current_actor()
        found = structure(db.session, actor)
        day = structure_day(db.session, actor) if found else None
        people = sum(number for _, number in found[0].counts) if found else 0
        return {
            "url": url_for("StructureView.show"),
            "day": f"{day:%Y-%m-%d}" if day else "",
            "people": people,
            "charts": charts(found),
        }

    def _steps(self) -> list[dict[str, str]]:
        """What was done last, each with the record it is about."""
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


def _deadline(one: Deadline) -> dict[str, str]:
    """A round as a line: until when, how long, and in warning colour when it is nearly over and somebody is missing."""
    ends = day_in_words(one.round.ends_on, one.today)
    if not one.running:
        begins = one.round.starts_on
        text, left = f"{one.round.by}，{ends}截止，还没有开始", f"{(begins - one.today).days} 天后开始"
        return {"day": day_in_words(begins, begins), "name": one.name, "text": text, "left": left, "kind": ""}
    told = "" if one.missing is None else f"，还有 {one.missing} 位没有报送" if one.missing else "，都已报送"
    return {
        "day": day_in_words(one.round.ends_on, one.round.ends_on),
        "name": one.name,
        "text": f"{one.round.by}，{ends} 24:00 截止{told}",
        "left": f"还有 {one.days_left} 天" if one.days_left else "今天截止",
        "kind": "wait" if one.is_near and one.missing != 0 else "",
    }


def _progress_row(line: Line) -> dict[str, Any]:
    """A unit below: how far it is, and of what the most is missing."""
    figures, actor = line.figures, current_actor()
    opens = line.level not in ("", "department")
    missing = max(sorted(UNREPORTED), key=figures.count)
    return {
        "name": line.name,
        "url": url_for("ProgressView.show", unit=line.unit_filter) if opens else "",
        "percent": figures.percent,
        "bar": bar_of(figures),
        "said": in_words(figures),
        "missing": {"label": STATES[missing].label, **counted(actor, line, figures.count(missing), status=missing)},
        "done": not figures.is_late,
    }
