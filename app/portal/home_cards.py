"""The cards of the home page: a number, and the list of exactly what it counts. One table for all roles."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.collection.desk import days_since
from app.core.actor import Actor
from app.core.scope import DEPARTMENT
from app.organisations.conditions import CHANGING, NO_ADMIN, REFUSED
from app.permissions import Permission as P
from app.portal.home_facts import Facts
from app.records.states import STATES

HOT, BAD = "hot", "bad"
Asked = Mapping[str, Any]


def _always(_actor: Actor) -> bool:
    return True


def _says_nothing(_facts: Facts) -> str:
    return ""


@dataclass(frozen=True)
class Card:
    """A number with its list. `opens`: who may open that; `work_of`: whose work it is, for others it is a figure only.

    `here`: where else it has no place; `rare`: shown only while there is something;
    `of_others`: whether all that is there now is for others to do.
    """

    label: str
    opens: P
    number: Callable[[Facts], int]
    endpoint: str
    asked: Callable[[Actor], Asked]
    work_of: P | None = None
    kind: str = ""
    note: Callable[[Facts], str] = _says_nothing
    here: Callable[[Actor], bool] = _always
    rare: bool = False
    of_others: Callable[[Facts], bool] = lambda _facts: False

    def shown_to(self, actor: Actor) -> bool:
        """Whether somebody sees it."""
        return actor.may(self.opens) and self.here(actor)

    def is_work_of(self, facts: Facts) -> bool:
        """Whether what it counts is for this person to do."""
        return self.work_of is not None and facts.actor.may(self.work_of) and not self.of_others(facts)


def in_school(actor: Actor) -> bool:
    """At a school or one of its departments."""
    return actor.level in ("school", DEPARTMENT)


def above_schools(actor: Actor) -> bool:
    """In an authority."""
    return not in_school(actor)


def _only_looks(actor: Actor) -> bool:
    return not actor.may(P.REVIEW_LIST)


def _all_own(facts: Facts) -> bool:
    return 0 < facts.queue.waiting == facts.queue.own


def _waited(facts: Facts) -> str:
    queue = facts.queue
    if _all_own(facts):
        return "都是您报送的，要由另一位审核"
    own = f"，{queue.own} 份是您报送的" if queue.own else ""
    if queue.oldest is None:
        return own.lstrip("，")
    days = days_since(queue.oldest, facts.now)
    return (f"最早一份等了 {days} 天" if days else "都是今天报送的") + own


def _rejected(facts: Facts) -> str:
    if not facts.figures.count("rejected"):
        return ""
    return "改好后重新报送" if facts.actor.may(P.RECORD_REPORT) else "退回后还没有再报"


def _draft(facts: Facts) -> str:
    return "填完整后报送" if facts.figures.count("draft") and facts.actor.may(P.RECORD_REPORT) else ""


def _people(status: str) -> Callable[[Actor], Asked]:
    return lambda _actor: {"_flt_0_status": status}


def _status(status: str) -> Callable[[Facts], int]:
    return lambda facts: facts.figures.count(status)


def _if_any(number: Callable[[Facts], int], text: str) -> Callable[[Facts], str]:
    return lambda facts: text if number(facts) else ""


def _account(state: str) -> Callable[[Facts], int]:
    return lambda facts: facts.accounts[state]


def _teacher_account(state: str) -> Callable[[Facts], int]:
    return lambda facts: facts.teacher_accounts[state]


def _unit(name: str) -> Callable[[Facts], int]:
    return lambda facts: facts.units[name]


def _in_state(state: str) -> Callable[[Actor], Asked]:
    return lambda _actor: {"_flt_0_state": state}


def _to_do(name: str) -> Callable[[Actor], Asked]:
    return lambda _actor: {"_flt_0_todo": name}


def _late(facts: Facts) -> int:
    return sum(line.figures.is_late for line in facts.lines)


CARDS = (
    Card("待本单位审核", P.REVIEW_LIST, lambda facts: facts.queue.waiting, "ReviewQueueView.list", lambda _actor: {},
         P.REVIEW_DECIDE, HOT, _waited, of_others=_all_own),
    Card("审核未通过", P.RECORD_LIST, _status("rejected"), "TeacherView.list", _people("rejected"),
         P.RECORD_REPORT, BAD, _rejected),
    Card("已交学校", P.RECORD_LIST, _status("submitted_to_school"), "TeacherView.list", _people("submitted_to_school"),
         P.RECORD_REPORT, HOT, _if_any(_status("submitted_to_school"), "教师已提交，等学校报送"), in_school),
    Card("未报送", P.RECORD_LIST, _status("draft"), "TeacherView.list", _people("draft"),
         P.RECORD_REPORT, "", _draft, in_school),
    Card(STATES["in_review"].label, P.RECORD_LIST, _status("in_review"), "TeacherView.list", _people("in_review"),
         here=_only_looks),
    Card(STATES["approved"].label, P.RECORD_LIST, _status("approved"), "TeacherView.list", _people("approved"),
         here=_only_looks),
    Card("没有报完的单位", P.PROGRESS_SHOW, _late, "ProgressView.show", lambda _actor: {"late": 1},
         P.ROUND_EDIT, "", lambda facts: f"直属单位共 {len(facts.lines)} 个", above_schools),
    Card("没有账号的教师", P.TEACHER_ACCOUNT_LIST, _teacher_account("none"), "TeacherAccountView.list",
         _in_state("none"), P.TEACHER_ACCOUNT_EDIT, "", _if_any(_teacher_account("none"), "生成账号，教师才能自己填")),
    Card("未改初始密码", P.TEACHER_ACCOUNT_LIST, _teacher_account("initial"), "TeacherAccountView.list",
         _in_state("initial"), P.TEACHER_ACCOUNT_EDIT, "", _if_any(_teacher_account("initial"), "把初始密码发给本人")),
    Card("教师账号锁定", P.TEACHER_ACCOUNT_LIST, _teacher_account("locked"), "TeacherAccountView.list",
         _in_state("locked"), P.TEACHER_ACCOUNT_EDIT, BAD, lambda _facts: "输错密码，可以解锁", rare=True),
    Card("没有系统管理员的直属单位", P.UNIT_LIST, _unit(NO_ADMIN), "UnitView.list",
         lambda actor: {"_flt_0_above": actor.unit_id, "_flt_0_todo": NO_ADMIN}, P.ACCOUNT_EDIT, HOT,
         _if_any(_unit(NO_ADMIN), "在「账号」里新增下级系统管理员"),
         lambda actor: above_schools(actor) and actor.may(P.ACCOUNT_EDIT)),
    Card("账号锁定", P.ACCOUNT_LIST, _account("locked"), "AccountView.list", _in_state("locked"),
         P.ACCOUNT_EDIT, BAD, _if_any(_account("locked"), "输错密码，可以解锁")),
    Card("从未登录的账号", P.ACCOUNT_LIST, _account("never"), "AccountView.list", _in_state("never"),
         P.ACCOUNT_EDIT, "", _if_any(_account("never"), "把初始密码发给本人")),
    Card("变更等生效的单位", P.UNIT_LIST, _unit(CHANGING), "UnitView.list", _to_do(CHANGING),
         here=lambda actor: above_schools(actor) and actor.may(P.UNIT_EDIT)),
    Card("变更没有办成的单位", P.UNIT_LIST, _unit(REFUSED), "UnitView.list", _to_do(REFUSED), P.UNIT_EDIT, BAD,
         lambda _facts: "到了生效日期，但是与现状不符",
         lambda actor: above_schools(actor) and actor.may(P.UNIT_EDIT), rare=True),
)  # fmt: skip


def cards_of(actor: Actor) -> list[Card]:
    """The cards that somebody may see."""
    return [card for card in CARDS if card.shown_to(actor)]
