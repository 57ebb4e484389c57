"""Workers that are killed at any moment: nothing is lost, nothing is done twice, nobody takes what another has."""

import multiprocessing
import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.db import db, utc_now, writes
from app.core.files import FileStore
from app.core.jobs import DONE, FAILED, GIVEN_UP, MAX_ATTEMPTS, RUNNING, STALE, Job
from tests.jobs import child

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes are killed by signal")

KILLS, PROCESSES = 20, 4


class Desk:
    """The database of the test and the processes at work on it."""

    def __init__(self, app: Flask, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        # A server that has the modules loaded and no threads: its forks begin within milliseconds.
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["tests.jobs.child"])
        self.running: list[Any] = []
        with app.app_context():
            self.engine = db.engine
        self.write(sa.text(child.DEFINE_LEDGER))

    def write(self, statement: Any) -> None:
        token = writes.set(True)
        with self.engine.begin() as connection:
            connection.execute(statement)
        writes.reset(token)

    def read(self, query: Any) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(query))

    def queue(self, kind: str, count: int) -> list[int]:
        common = {"title": "", "message": "", "result_name": "", "unit_id": 0, "owner_id": 0, "attempts": 0}
        row = {"kind": kind, "parameters": {"dies": True}, "status": "queued", "done": 0, "total": 0, **common}
        for _ in range(count):
            self.write(sa.insert(Job).values(created_at=utc_now(), **row))
        return [key for (key,) in self.read(sa.select(Job.id).where(Job.kind == kind).order_by(Job.id))]

    def start(self, target: Callable[..., None], *arguments: Any) -> Any:
        process = self.context.Process(target=target, args=(self.url, *arguments), daemon=True)
        process.start()
        self.running.append(process)
        return process

    def work(self, seed: int = 0) -> Any:
        return self.start(child.work, str(self.folder), seed)

    def time_passes(self) -> None:
        """The jobs of dead workers become old; how often they were tried is another test's."""
        old = {"heartbeat_at": utc_now() - STALE * 2, "attempts": 1}
        self.write(sa.update(Job).where(Job.status == RUNNING).values(old))

    def finish(self) -> None:
        """Workers that nobody kills, until nothing is left."""
        while self.read(sa.select(Job.id).where(Job.status.in_(("queued", "running")))):
            self.time_passes()
            self.work().join()

    def ledger(self) -> Counter[tuple[int, int]]:
        return Counter((job, chunk) for job, chunk in self.read(sa.select(child.LEDGER)))

    def states(self) -> list[str]:
        return [status for (status,) in self.read(sa.select(Job.status).order_by(Job.id))]


@pytest.fixture
def desk(app: Flask, database: Any, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(app, database.url, tmp_path)
    yield made
    for process in made.running:
        process.kill()
        process.join()


def every_chunk_once(jobs: list[int]) -> Counter[tuple[int, int]]:
    return Counter((job, chunk) for job in jobs for chunk in range(child.CHUNKS))


def test_twenty_kills_lose_nothing_and_double_nothing(desk: Desk) -> None:
    chance = random.Random(20261122)
    jobs = desk.queue("counting", 8) + desk.queue("anew", 2)
    desk.work().join(0.3)  # the server of the processes is there before the first one is timed
    killed = 0
    for number in range(KILLS * 3):
        process = desk.work(number)
        process.join(chance.uniform(0.02, 0.25))
        process.kill()  # it may just have ended by itself
        process.join()
        killed += process.exitcode == -signal.SIGKILL
        desk.time_passes()
        if killed == KILLS:
            break
    assert killed == KILLS or desk.states() == [DONE] * len(jobs)
    desk.finish()
    assert desk.states() == [DONE] * len(jobs)
    assert desk.ledger() == every_chunk_once(jobs[:8])
    files = desk.read(sa.select(Job.result_digest).where(Job.kind == "anew"))
    content = "".join(f"{chunk}\n" for chunk in range(child.CHUNKS)).encode()
    assert [FileStore(desk.folder).read(digest) for (digest,) in files] == [content] * 2


def test_killed_before_and_after_the_commit_of_a_chunk(desk: Desk) -> None:
    jobs = desk.queue("dying", 1)
    exits = []
    for _ in range(3):
        process = desk.work()
        process.join()
        exits.append(process.exitcode)
        desk.time_passes()
    assert exits == [-signal.SIGKILL, -signal.SIGKILL, 0]
    assert desk.states() == [DONE] and desk.ledger() == every_chunk_once(jobs)


def test_naive_chunks_are_done_twice(desk: Desk) -> None:
    """Effect and position in two transactions: what lay between them is done again."""
    jobs = desk.queue("naive", 1)
    desk.work().join()
    desk.finish()
    assert desk.ledger() - every_chunk_once(jobs) == {(jobs[0], child.CHUNKS // 2): 1}


def test_a_job_that_kills_its_workers_is_given_up(desk: Desk) -> None:
    desk.queue("dying", 1)
    for _ in range(MAX_ATTEMPTS):
        desk.write(sa.update(Job).values(position=None, done=0))
        desk.work().join()
        desk.write(sa.update(Job).values(heartbeat_at=utc_now() - STALE * 2))
    desk.work().join()
    [job] = desk.read(sa.select(Job.status, Job.message, Job.attempts, Job.expires_at))
    assert job[:3] == (FAILED, GIVEN_UP, MAX_ATTEMPTS) and job.expires_at is not None


# ── claiming ──


def claimed(desk: Desk, how: Callable[..., None]) -> list[int]:
    barrier, taken = desk.context.Barrier(PROCESSES), desk.context.Queue()
    processes = [desk.start(how, barrier, taken) for _ in range(PROCESSES)]
    found = [job for _ in processes for job in taken.get(timeout=20)]
    for process in processes:
        process.join()
    return found


def test_each_job_is_claimed_by_one_worker(desk: Desk) -> None:
    jobs = desk.queue("counting", 40)
    assert sorted(claimed(desk, child.claim_all)) == jobs
    assert {n for (n,) in desk.read(sa.select(Job.attempts))} == {1}


def test_naive_claims_are_not_of_one(desk: Desk) -> None:
    desk.queue("counting", 3)
    found = claimed(desk, child.claim_naively)
    assert len(found) > len(set(found))
