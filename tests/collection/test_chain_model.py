"""Any order of steps, in any tree, under any switches: the flow does what a model in plain dicts does.

The tree is drawn anew each time: schools of a county, a city, the province and the nation, with or without enough
people to review for themselves. Everybody tries everything; what the model forbids is refused and changes nothing.
"""

import datetime as dt
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Role
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy.orm import Session

from app.accounts.operations import unsaved_account
from app.accounts.queries import actor_for
from app.accounts.roles import TEACHER
from app.collection import operations
from app.collection.chain import consequences, switch, waits
from app.collection.models import Snapshot
from app.collection.operations import Refusal
from app.collection.queries import enabled_levels
from app.core.actor import Actor
from app.core.errors import AppError
from app.organisations.models import Unit
from app.organisations.moving import scope_below
from app.records.completeness import Completeness
from app.records.counts import differences
from app.records.operations import new_teacher
from app.records.teacher import Teacher

NOW = dt.datetime(2026, 11, 20, 8, 0, tzinfo=dt.UTC)
INFO_ADMIN = "信息管理员"  # reports at school, reviews everywhere
BOTH = {"city": False, "province": False}
WHOLE = [Refusal("", None, "", "other", "请核对")]
UPWARDS = ("county", "city", "province")
serial = count(1)


class Everybody(RuleBasedStateMachine):
    """The people of a small country, and what the flow should make of what they do."""

    session: Session

    @initialize(
        schools=st.lists(st.tuples(st.sampled_from((*UPWARDS, "nation")), st.integers(1, 3)), min_size=2, max_size=4)
    )
    def build(self, schools: list[tuple[str, int]]) -> None:
        self.units: dict[str, Unit] = {}
        nation = self.session.scalars(sa.select(Unit).where(Unit.level == "nation")).one()
        self.units["nation"] = nation
        for level, above in (("province", "nation"), ("city", "province"), ("county", "city")):
            self.units[level] = self._unit(level, self.units[above])
        roles = {role.name: role for role in self.session.scalars(sa.select(Role))}
        self.levels, self.state, self.people = dict(BOTH), {}, []
        self.chains: dict[int, tuple[Unit, int]] = {}
        for level in (*UPWARDS, "nation"):
            self._staff(self.units[level], 2, roles)
        for parent, people in schools:
            school = self._unit("school", self.units[parent])
            self._staff(school, people, roles)
            teacher = new_teacher(school, {"name": "林晓峰"})
            self.session.add(teacher)
            self.session.flush()
            self.people.append(self._actor(school, roles[TEACHER], teacher.id))
            self.chains[teacher.id] = (school, people)
            self.state[teacher.id] = {"status": "draft", "waiting": None, "stage": 0, "by": None, "marks": False,
                                      "last": ("", 0), "approved": 0}  # fmt: skip

    def teardown(self) -> None:
        self.session.rollback()

    def _unit(self, level: str, parent: Unit) -> Unit:
        number = next(serial)
        unit = Unit(code=f"9{number:09}", name=f"单位{number}", level=level, parent=parent, status="1")
        unit.province_id, unit.city_id, unit.county_id = scope_below(parent).values()
        unit.school_kind = "S" if level == "school" else ""
        self.session.add(unit)
        self.session.flush()
        return unit

    def _staff(self, unit: Unit, people: int, roles: dict[str, Role]) -> None:
        self.people += [self._actor(unit, roles[INFO_ADMIN]) for _ in range(people)]

    def _actor(self, unit: Unit, role: Role, teacher_id: int | None = None) -> Actor:
        number = next(serial)
        account = unsaved_account(
            username=f"model{number}", name=f"某{number}", role=role, unit_id=unit.id, password_hash="-",
            teacher_id=teacher_id,
        )  # fmt: skip
        account.unit = unit
        self.session.add(account)
        self.session.flush()
        return actor_for(account)

    # ── the model ──

    def _chain(self, teacher_id: int) -> list[int]:
        school, people = self.chains[teacher_id]
        parent = school.parent
        assert parent is not None
        above = [parent.id]
        for level in UPWARDS[UPWARDS.index(parent.level) + 1 :] if parent.level in UPWARDS else ():
            if self.levels.get(level, False):
                above.append(self.units[level].id)
        return [school.id, *above] if people > 1 else above

    def _next(self, teacher_id: int) -> int | None:
        chain, waiting = self._chain(teacher_id), self.state[teacher_id]["waiting"]
        at = chain.index(waiting) + 1 if waiting in chain else len(chain)
        return chain[at] if at < len(chain) else None

    def _before(self, teacher_id: int) -> int | None:
        chain, here = self._chain(teacher_id), self.state[teacher_id]
        at = chain.index(here["waiting"]) if here["waiting"] in chain else 0
        return chain[at - 1] if here["stage"] > 1 and at else None

    def _allowed(self, step: str, teacher_id: int, actor: Actor) -> bool:
        here, school = self.state[teacher_id], self.chains[teacher_id][0]
        own, at_school = actor.teacher_id == teacher_id, actor.teacher_id is None and actor.unit_id == school.id
        turn = here["status"] == "in_review" and here["waiting"] == actor.unit_id and actor.teacher_id is None
        judging = turn and here["by"] != actor.user_id
        match step:
            case "submit":
                return own and here["status"] in ("draft", "rejected")
            case "recall":
                return own and here["status"] == "submitted_to_school"
            case "report":
                return at_school and here["status"] in ("draft", "submitted_to_school", "rejected")
            case "withdraw":
                return at_school and here["status"] == "in_review" and here["stage"] <= 1
            case "return_to_teacher":
                return at_school and here["status"] == "submitted_to_school"
            case "approve" | "reject":
                return judging
            case "send_back":
                return judging and self._before(teacher_id) is not None
        passed_here = here["last"] == ("approve", actor.unit_id) and here["waiting"] != actor.unit_id
        return (
            here["status"] == "in_review" and passed_here and actor.teacher_id is None
            and here["by"] != actor.user_id and actor.unit_id in self._chain(teacher_id)
        )  # fmt: skip

    def _done(self, step: str, teacher_id: int, unit_id: int, user_id: int) -> None:
        here = self.state[teacher_id]
        match step:
            case "submit":
                here["status"] = "submitted_to_school"
            case "recall":
                here["status"] = "rejected" if here["marks"] else "draft"
            case "report":
                here |= {"status": "in_review", "waiting": self._chain(teacher_id)[0], "stage": 1, "by": user_id,
                         "marks": False}  # fmt: skip
            case "withdraw":
                here |= {"status": "submitted_to_school", "waiting": None, "stage": 0}
            case "return_to_teacher" | "reject":
                here |= {"status": "rejected", "waiting": None, "stage": 0, "marks": True}
            case "send_back":
                here |= {"waiting": self._before(teacher_id), "stage": here["stage"] - 1}
            case "take_back":
                here |= {"waiting": unit_id, "stage": here["stage"] - 1}
            case "approve" | "pass_on":
                following = self._next(teacher_id)
                here |= {"waiting": following, "stage": here["stage"] + 1 if following else 0}
                if following is None:
                    here |= {"status": "approved", "approved": here["approved"] + 1}
        here["last"] = (step, unit_id)

    # ── what people do ──

    def _operation(self, step: str, teacher_id: int, actor: Actor) -> Callable[[], Any]:
        version = self.session.get_one(Teacher, teacher_id).version
        if step in ("reject", "return_to_teacher"):
            return lambda: operations.reject(self.session, teacher_id, version, WHOLE, "", actor, NOW, step)
        if step == "approve":
            return lambda: operations.approve(self.session, teacher_id, version, actor, NOW)
        if step == "send_back":
            return lambda: operations.send_back(self.session, teacher_id, version, "请再看学历", actor, NOW)
        return lambda: getattr(operations, step)(self.session, teacher_id, actor, NOW)

    STEPS = ("submit", "recall", "report", "withdraw", "return_to_teacher", "approve", "reject", "send_back",
             "take_back")  # fmt: skip

    def _try(self, step: str, teacher_id: int, actor: Actor) -> None:
        try:
            self._operation(step, teacher_id, actor)()
            done = True
        except AppError:
            done = False
        assert done == self._allowed(step, teacher_id, actor), (step, actor.level, self.state[teacher_id])
        if done:
            self._done(step, teacher_id, actor.unit_id, actor.user_id)

    @rule(data=st.data(), step=st.sampled_from(STEPS))
    def somebody_tries_something(self, data: st.DataObject, step: str) -> None:
        self._try(step, data.draw(st.sampled_from(sorted(self.state))), data.draw(st.sampled_from(self.people)))

    @rule(data=st.data())
    def something_that_may_be_done(self, data: st.DataObject) -> None:
        """Most tries of the other rule are refused; this one gets reports up the chain and back."""
        able = [
            (step, teacher_id, actor)
            for teacher_id in sorted(self.state)
            for step in self.STEPS
            for actor in self.people
            if self._allowed(step, teacher_id, actor)
        ]
        if able:
            self._try(*data.draw(st.sampled_from(able)))

    @rule(city=st.booleans(), province=st.booleans())
    def the_province_switches(self, city: bool, province: bool) -> None:
        wanted = {"city": city, "province": province}
        if wanted == self.levels:
            return
        actor = next(one for one in self.people if one.unit_id == self.units["province"].id)
        old = enabled_levels(self.session, actor.unit_id)
        told = consequences(old, {**old, **wanted}, waits(self.session), actor.unit_name)
        switch(self.session, actor, {**old, **wanted}, sum(one.count for one in told), NOW)
        self.levels = wanted
        for teacher_id, here in sorted(self.state.items()):
            if here["status"] == "in_review" and here["waiting"] not in self._chain(teacher_id):
                self._done("pass_on", teacher_id, actor.unit_id, actor.user_id)

    # ── what always holds ──

    @invariant()
    def stored_is_what_the_model_says(self) -> None:
        for teacher_id, here in getattr(self, "state", {}).items():
            stored = self.session.get_one(Teacher, teacher_id, populate_existing=True)
            assert (stored.status, stored.waiting_unit_id, stored.stage) == (
                here["status"], here["waiting"], here["stage"],
            )  # fmt: skip
            assert (stored.status == "in_review") == (stored.waiting_unit_id is not None) == (stored.stage > 0)
            kept = sa.select(sa.func.count(Snapshot.id)).where(Snapshot.teacher_id == teacher_id)
            assert self.session.scalar(kept) == here["approved"]
        assert differences(self.session) == []


def test_any_order_of_steps(everything: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "app.collection.flow.check_record", lambda *_: Completeness((), (), 100, 100)
    )  # not what is asked here

    class Machine(Everybody):
        session = everything

    checks = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much]
    rules = settings(
        max_examples=10, stateful_step_count=30, deadline=None, derandomize=True, suppress_health_check=checks,
        phases=(Phase.generate,),
    )  # fmt: skip
    run_state_machine_as_test(Machine, settings=rules)
