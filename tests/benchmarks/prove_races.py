"""Eight processes take steps on the same records at once: every record has one history, and the sums are right.

    python -m tests.benchmarks.prove_races [steps of each process]

A school's clerk and reviewers of several levels try any step on any record, as fast as they can; what is refused is
counted, what fails in another way is a fault. Afterwards each step must begin in the state that the one before has led
to, the record must be where the last one has left it, and the sums of the states must agree with the records. The
naive variant, which looks first and writes later, must break this, or the proof would prove nothing. TEST_DATABASE_URL
as in the tests.
"""

import multiprocessing
import random
import sys
import time
from collections import Counter
from functools import partial

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app import create_app
from app.accounts.models import Account
from app.accounts.queries import account_by_id, actor_for
from app.collection import operations
from app.core.actor import KEY, Actor
from app.core.codes import codes
from app.core.db import db, transaction, utc_now
from app.core.errors import AppError
from app.core.flow import FlowLog
from app.core.scope import EVERYTHING, set_scope
from app.organisations.models import Unit
from app.records.counts import differences
from app.records.teacher import Teacher
from config import Config
from tests.accounts.database import looking
from tests.benchmarks.bench_section_pages import application
from tests.conftest import SCHOOL

PROCESSES, STEPS, PAUSE = 8, 200, 0.002
WHO = ("liyutong", "wangjianguo", "zhoumin", "yunchuan")
# What is approved or rejected stays so in this proof: seldom, or nobody would meet anybody any more.
WEIGHTS = {"report": 8, "withdraw": 6, "send_back": 4, "take_back": 4, "approve": 1, "reject": 0.3}
WHOLE = [operations.Refusal("", None, "", "other", "请核对")]
NAIVE = {"in_review": "approved", "approved": "rejected"}


def opened(url: str, instance: str) -> Flask:
    return create_app(Config.from_env({"APP_ENV": "test", "DATABASE_URL": url, "INSTANCE_PATH": instance}))


def records(session: Session) -> list[int]:
    """Those of one school."""
    return list(
        session.scalars(sa.select(Teacher.id).join(Teacher.unit).where(Unit.code == SCHOOL).order_by(Teacher.id))
    )


def take(session: Session, chance: random.Random, teacher_id: int, actor: Actor) -> str:
    """One step as the page takes it: with the version that was seen a moment ago."""
    version = session.scalar(sa.select(Teacher.version).where(Teacher.id == teacher_id)) or 0
    session.rollback()
    name = chance.choices(tuple(WEIGHTS), tuple(WEIGHTS.values()))[0]
    with transaction(session):
        now = utc_now()
        match name:
            case "approve":
                operations.approve(session, teacher_id, version, actor, now)
            case "reject":
                operations.reject(session, teacher_id, version, WHOLE, "", actor, now)
            case "send_back":
                operations.send_back(session, teacher_id, version, "请再看一遍", actor, now)
            case _:
                getattr(operations, name)(session, teacher_id, actor, now)
    return name


def take_naively(session: Session, chance: random.Random, teacher_id: int, actor: Actor) -> str:
    """Look first, write later."""
    row = session.execute(sa.select(Teacher.status, Teacher.school_id).where(Teacher.id == teacher_id)).one()
    session.rollback()
    time.sleep(chance.random() * PAUSE)
    goal = NAIVE.get(row.status, "in_review")
    entry = {
        "flow": "report", "row_id": teacher_id, "teacher_id": teacher_id, "step": "naive", "from_state": row.status,
        "to_state": goal, "actor_id": actor.user_id, "actor_name": actor.name, "unit_id": actor.unit_id,
        "unit_name": "", "comment": "", "at": utc_now(), "school_id": row.school_id,
    }  # fmt: skip
    with transaction(session):
        session.execute(sa.update(Teacher.__table__).where(Teacher.__table__.c.id == teacher_id).values(status=goal))
        session.execute(sa.insert(FlowLog.__table__).values(**entry))
    return "naive"


def work(url: str, instance: str, naive: bool, steps: int, number: int) -> Counter[str]:
    """What one process has done."""
    chance, done, step = random.Random(number), Counter[str](), take_naively if naive else take
    app = opened(url, instance)
    with app.app_context(), Session(db.engine) as session:
        set_scope(session, EVERYTHING)
        codes.refresh(session)
        ids = records(session)
        found = session.execute(sa.select(Account.username, Account.id).where(Account.username.in_(WHO)))
        actors = {name: actor_for(account_by_id(session, key)) for name, key in found}
        session.rollback()
    with app.app_context():
        for _ in range(steps):
            actor = actors[chance.choice(WHO)]
            with Session(db.engine) as session:
                session.info[KEY] = actor
                set_scope(session, actor.scope)
                try:
                    done[step(session, chance, chance.choice(ids), actor)] += 1
                except AppError:
                    done["refused"] += 1
                except sa.exc.SQLAlchemyError as error:
                    done[f"FAULT {type(error).__name__}"] += 1
        db.engine.dispose()
    return done


def broken(session: Session, begun: dict[int, str], last: int) -> list[str]:
    """Records whose steps do not follow one another, and sums that are wrong."""
    wrong = []
    states = session.execute(sa.select(Teacher.id, Teacher.status).where(Teacher.id.in_(begun)))
    now = {key: state for key, state in states}
    for teacher_id, state in begun.items():
        query = sa.select(FlowLog).where(FlowLog.teacher_id == teacher_id, FlowLog.id > last).order_by(FlowLog.id)
        for entry in session.scalars(query):
            if entry.from_state != state:
                wrong.append(f"record {teacher_id}: {entry.step} from {entry.from_state}, but it was {state}")
            state = entry.to_state
        if now[teacher_id] != state:
            wrong.append(f"record {teacher_id} is {now[teacher_id]}, its last step led to {state}")
    return [*wrong, *map(str, differences(session))]


def run(app: Flask, url: str, *, naive: bool, steps: int) -> tuple[Counter[str], list[str]]:
    with looking(app) as session:
        begun = {key: session.get_one(Teacher, key).status for key in records(session)}
        last = session.scalar(sa.select(sa.func.max(FlowLog.id))) or 0
    with app.app_context():
        db.engine.dispose()
    job = partial(work, url, app.instance_path, naive, steps)
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        done = sum(pool.imap_unordered(job, range(PROCESSES)), Counter())
    with looking(app) as session:
        return done, broken(session, begun, last)


def main() -> None:
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else STEPS
    with application() as app:
        with app.app_context():
            url, name = app.config["SQLALCHEMY_DATABASE_URI"], db.engine.dialect.name
        for naive in (False, True):  # the naive one last: it leaves a mess
            start = time.perf_counter()
            done, wrong = run(app, url, naive=naive, steps=steps)
            took = time.perf_counter() - start
            print(f"{name}, {'naive' if naive else 'ours'}: {PROCESSES} x {steps} in {took:.0f} s; {dict(done)}")
            print(f"  broken: {len(wrong)}", *wrong[:3], sep="\n  ")
            faults = [kind for kind in done if kind.startswith("FAULT")]
            if (not naive and (wrong or faults)) or (naive and not wrong):
                raise SystemExit(1)


if __name__ == "__main__":
    main()
