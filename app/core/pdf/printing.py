"""HTML in, PDF out: the side of the application. Drawing goes on in processes of its own, which stay warm.

The library holds a lock while it draws, so that several documents at once need several processes.
"""

import json
import logging
import os
import queue
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.core.errors import AppError
from app.core.text import clean

log = logging.getLogger(__name__)

WORKER = Path(__file__).with_name("worker.py")
WORKERS = 2  # at most, for each process of the application
# The worker needs no keys and no addresses of the application: it reads texts that people typed.
ENVIRONMENT = ("LD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP", "TZ")

TOO_LARGE = "没能在限定的时间和内存内排好这份文件。请检查有没有特别长的内容，缩短后再下载。"
BUSY = "现在下载的人太多，还没有排到您。请过一分钟再下载。"
MISSING = (
    "「{near}」里的「{character}」（{code}）印不出来：系统的字体里没有这个字。请先核对是不是打错了；"
    "没有打错的，请把这个字和括号里的编号告诉系统管理员，补上字体后再下载。"
)
HIDDEN = "看不见的符号"


@dataclass(frozen=True)
class Limits:
    """What one document may cost. `seconds`: by the clock, and as long for waiting until a worker is free."""

    seconds: float = 25
    cpu_seconds: int = 20
    memory_bytes: int = 1 << 30


class Worker:
    """A drawing process and the pipes to it."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.took_too_long = False
        self.process = subprocess.Popen(
            [sys.executable, "-I", str(WORKER), str(limits.memory_bytes), str(limits.cpu_seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )

    def ask(self, request: dict[str, Any]) -> tuple[dict[str, Any], bytes] | None:
        """The answer to one request; None when the process has ended, or is ended here because it took too long."""
        assert self.process.stdin is not None and self.process.stdout is not None
        timer = threading.Timer(self.limits.seconds, self._stop)
        timer.start()
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
            header = json.loads(self.process.stdout.readline())
            content = self.process.stdout.read(header.get("size", 0))
        except (OSError, ValueError):
            header, content = {}, b""
        finally:
            timer.cancel()
        if not header or len(content) < header.get("size", 0):
            self.end()
            return None
        return header, content

    def _stop(self) -> None:
        self.took_too_long = True
        self.process.kill()

    def end(self) -> None:
        """End the process and take its pipes away."""
        self.process.kill()
        self.process.communicate()

    @property
    def is_defect(self) -> bool:
        """Whether the process ended by a fault of its own: not by a limit, which is a signal."""
        return self.process.returncode > 0 and not self.took_too_long


class Pool:
    """The workers of this process. A document takes one that is free, or starts one while there are few."""

    def __init__(self, size: int, limits: Limits) -> None:
        self.limits = limits
        self._places = threading.BoundedSemaphore(size)
        self._free: queue.LifoQueue[Worker] = queue.LifoQueue()

    def make(self, body: str, title: str, *, repeatable: bool = False) -> bytes:
        """See `make_pdf`."""
        if not self._places.acquire(timeout=self.limits.seconds):
            raise AppError(BUSY)
        try:
            header, content = self._ask({"body": body, "title": title, "repeatable": repeatable})
        finally:
            self._places.release()
        if "too_large" in header:
            raise AppError(TOO_LARGE)
        if "missing" in header:
            raise AppError(_missing(header["missing"], header["near"]))
        if "fault" in header:
            log.error("drawing failed: %s", header["fault"])
            raise RuntimeError("a document could not be drawn")
        return content

    def end(self) -> None:
        """End the workers that are free; they also end by themselves when this process does."""
        while worker := self._free_one():
            worker.end()

    def _free_one(self) -> Worker | None:
        """A warm worker, if there is one. Those that nobody needed for a while have ended."""
        try:
            while (worker := self._free.get_nowait()).process.poll() is not None:
                worker.end()
        except queue.Empty:
            return None
        return worker

    def _ask(self, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        worker = self._free_one() or Worker(self.limits)
        answer = worker.ask(request)
        if answer is None and worker.is_defect:
            return {"fault": f"the drawing process ended with {worker.process.returncode}"}, b""
        if answer is not None and not worker.took_too_long:  # else it was ended just after its answer
            self._free.put(worker)
        return answer or ({"too_large": True}, b"")


def _missing(character: str, near: str) -> str:
    """What to do about a character without a font. Marks that steer text would disarrange this sentence as well."""
    code = f"U+{ord(character):04X}"
    return MISSING.format(near=clean(near), character=clean(character) or HIDDEN, code=code)


pool = Pool(WORKERS, Limits())


def make_pdf(body: str, title: str, *, repeatable: bool = False) -> bytes:
    """Draw an HTML body, made by a template that escapes every value, with the look of `paper.css`.

    `repeatable`: the same bytes each time. Raises AppError when a character has no font, or drawing takes too much.
    """
    return pool.make(body, title, repeatable=repeatable)
