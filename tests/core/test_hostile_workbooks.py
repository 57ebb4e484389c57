"""What a hostile file costs: at most 5 seconds and 512 MB, and it is refused with one clear sentence."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from config import ROOT
from tests.core.hostile_workbooks import MAKERS

SECONDS, MEGABYTES = 5, 512

# For each path that it is given, a process of its own reads the file. Both processes are counted: the one that looks
# and the one in which the library reads. Computing time, because how long somebody waits depends on what else the
# machine does; nothing in there sleeps.
MEASURER = """
import json, os, resource, sys
from pathlib import Path
from app.core.workbook_guard import BadWorkbook
from tests.core.raw_workbooks import read_workbook

def cost(path):
    before = os.times()
    said = ""
    try:
        read_workbook(Path(path))
    except BadWorkbook as error:
        said = str(error)
    with open("/proc/self/status") as status:
        own = int(next(line for line in status if line.startswith("VmHWM")).split()[1])
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    seconds = sum(after - start for after, start in zip(os.times()[:4], before[:4]))
    return {"said": said, "seconds": seconds, "megabytes": max(own, child) / 1024}

for line in sys.stdin:
    if not os.fork():
        print(json.dumps(cost(line.strip())), flush=True)
        os._exit(0)
    os.wait()
"""
Measure = Callable[[Path], dict[str, Any]]


@pytest.fixture(scope="module")
def measure() -> Iterator[Measure]:
    command = [sys.executable, "-c", MEASURER]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        sent, told = process.stdin, process.stdout

        def cost_of(path: Path) -> dict[str, Any]:
            print(path, file=sent, flush=True)
            found: dict[str, Any] = json.loads(told.readline())
            return found

        yield cost_of
        sent.close()


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", MAKERS)
def test_hostile_file_costs_little_and_is_explained(name: str, measure: Measure, tmp_path: Path) -> None:
    make, words = MAKERS[name]
    path = tmp_path / "upload"
    path.write_bytes(make())
    cost = measure(path)
    assert cost["seconds"] <= SECONDS
    assert cost["megabytes"] <= MEGABYTES
    said = cost["said"]
    if not words:
        assert said == "", "the file is read as if the odd part were not there"
        return
    assert any(word in said for word in words.split("|")) and said.endswith("。") and "请" in said
    assert len(said) < 120


def test_the_measure_sees_what_is_spent(tmp_path: Path) -> None:
    """Without limits the same files would cost more: the measure can fail."""
    path = tmp_path / "upload"
    path.write_bytes(MAKERS["a long string repeated without end"][0]())
    naive = "\n".join(
        (
            "import json, sys, resource, python_calamine",
            "resource.setrlimit(resource.RLIMIT_AS, (1500 << 20, 1500 << 20))",
            "try:",
            "    python_calamine.CalamineWorkbook.from_path(sys.argv[1]).get_sheet_by_index(0)",
            "finally:",
            "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)",
        )
    )
    target = tmp_path / "upload.xlsx"
    path.rename(target)
    done = subprocess.run([sys.executable, "-c", naive, str(target)], capture_output=True, text=True, check=False)
    assert done.returncode != 0 or int(done.stdout.split()[-1]) > MEGABYTES
