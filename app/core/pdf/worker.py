"""The process that draws: it holds the fonts, and hostile text can cost it no more than its limits.

Run as a script by `printing`: worker.py MEMORY_BYTES CPU_SECONDS, the latter for each document. A request is one line
of JSON: {"body", "title", "repeatable"}. The answer is one line of JSON and the PDF: {"size": n}. Without a PDF it is
{"missing": character, "near": text}, {"too_large": true} or {"fault": where}.
"""

import json
import os
import signal
import sys
import traceback
import types
from pathlib import Path
from typing import Any, BinaryIO

try:
    import resource
except ImportError:  # Windows: the time limit of the parent remains
    resource = None  # type: ignore[assignment]

if __name__ == "__main__":
    # An empty package in place of the application, which takes seconds to start and is not needed here.
    sys.modules["app"] = types.ModuleType("app")
    sys.modules["app"].__path__ = [str(Path(__file__).parents[2])]

from xhtml2pdf.config.resources import RenderLimitError

from app.core.pdf import drawing

IDLE_SECONDS = 600
FORBIDDEN = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork")


def serve(requests: BinaryIO, answers: BinaryIO, cpu_seconds: int) -> None:
    """Draw one document after the other until nobody asks any more."""
    while line := _next(requests):
        _allow_cpu(cpu_seconds)
        header, content = _answer(json.loads(line))
        answers.write(json.dumps(header).encode() + b"\n" + content)
        answers.flush()


def _next(requests: BinaryIO) -> bytes:
    """The next request. A process that is not needed for a while ends; the next document starts another one."""
    if hasattr(signal, "alarm"):
        signal.alarm(IDLE_SECONDS)
    line = requests.readline()
    if hasattr(signal, "alarm"):
        signal.alarm(0)
    return line


def _answer(request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    try:
        content = drawing.draw(request["body"], request["title"], repeatable=request["repeatable"])
    except drawing.MissingCharacter as error:
        return {"missing": error.character, "near": error.near}, b""
    except (MemoryError, RecursionError, RenderLimitError):
        return {"too_large": True}, b""
    except Exception as error:  # what went wrong is told without the texts of the document
        where = "".join(traceback.format_tb(error.__traceback__)[-4:])
        said = str(error) if isinstance(error, drawing.LeftOut) else ""
        return {"fault": f"{type(error).__name__} {said}\n{where}"}, b""
    return {"size": len(content)}, content


def _limit(memory_bytes: int) -> None:
    """Memory, and what a process that only draws never does."""
    if resource is not None:
        for kind, value in ((resource.RLIMIT_AS, memory_bytes), (resource.RLIMIT_CORE, 0)):
            try:
                resource.setrlimit(kind, (value, value))
            except (ValueError, OSError):
                continue  # macOS has no limit of the address space, and a stricter limit may already be set
    sys.addaudithook(_refuse)


def _refuse(event: str, _arguments: tuple[Any, ...]) -> None:
    if event.startswith(FORBIDDEN):
        raise PermissionError(f"{event} while drawing")


def _allow_cpu(seconds: int) -> None:
    """The time that may still be used; beyond it the process is ended by the system."""
    if resource is None:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime) + 1 + seconds
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (until if most == resource.RLIM_INFINITY else min(until, most), most))


def main(memory_bytes: int, cpu_seconds: int) -> None:
    """Answer on what was standard output; anything that prints writes to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    drawing.prepare()
    _limit(memory_bytes)
    serve(sys.stdin.buffer, answers, cpu_seconds)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
