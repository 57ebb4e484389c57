"""A job in words and figures, as the page shows it."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from app.core.jobs import CANCELLED, DONE, ENDED_BADLY, FAILED, OPEN, QUEUED, RUNNING, Job

TAGS = {
    QUEUED: ("排队中", "wait"), RUNNING: ("进行中", "info"), DONE: ("已完成", "ok"), FAILED: ("没有做完", "no"),
    CANCELLED: ("已取消", "draft"),
}  # fmt: skip
LONG_WAIT = dt.timedelta(minutes=2)
WAITS = "还在排队。一直不开始的话，请告诉系统管理员。"


def job_line(job: Job, now: dt.datetime) -> dict[str, Any]:
    """What a row of the page shows. `versions` change with the cells, so that a script replaces no other."""
    label, kind = TAGS[job.status]
    percent = min(100, job.done * 100 // job.total) if job.total else None
    line = {
        "id": job.id,
        "title": job.title,
        "tag": {"label": label, "kind": kind},
        "message": _message(job, now),
        "running": job.status == RUNNING,
        "percent": 100 if job.status == DONE else percent,
        "figures": _figures(job, now),
        "times": _times(job),
        "expires": _day(job.expires_at) if job.result_digest else "",
        "may_cancel": job.status in OPEN,
        "may_retry": job.status in ENDED_BADLY,
        "may_save": job.status == DONE and bool(job.result_digest),
    }
    shown = f"{job.status}-{line['percent']}-{line['figures']}-{line['message']}"
    return {**line, "versions": {"state": job.status, "progress": shown, "times": str(line["times"])}}


def _message(job: Job, now: dt.datetime) -> str:
    waits = job.status == QUEUED and now - job.created_at > LONG_WAIT
    return job.message or (WAITS if waits else "")


def _figures(job: Job, now: dt.datetime) -> str:
    """1,000 / 20,000 行 · 900 行/秒 · 约剩 21 秒."""
    if not job.total or job.started_at is None:
        return ""
    parts = [f"{job.done:,} / {job.total:,} 行" if job.status in OPEN else f"{job.done:,} 行"]
    seconds = ((job.finished_at or now) - job.started_at).total_seconds()
    if job.done and seconds > 0 and job.status in (RUNNING, DONE):
        speed = job.done / seconds
        parts.append(f"每秒 {speed:,.0f} 行" if speed >= 1 else "")
        parts.append(f"约剩 {_duration((job.total - job.done) / speed)}" if job.status == RUNNING else "")
    return " · ".join(part for part in parts if part)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} 秒" if seconds < 90 else f"{seconds / 60:.0f} 分钟"


def _times(job: Job) -> Sequence[tuple[str, str]]:
    moments = (("提交", job.created_at), ("开始", job.started_at), ("结束", job.finished_at))
    return [(label, f"{moment.astimezone():%m-%d %H:%M:%S}") for label, moment in moments if moment is not None]


def _day(moment: dt.datetime | None) -> str:
    return f"{moment.astimezone():%Y-%m-%d}" if moment else ""
