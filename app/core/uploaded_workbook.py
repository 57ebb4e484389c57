"""The sheets of a workbook that somebody sent: read beside the application, refused with one clear sentence."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.core.errors import AppError
from app.core.workbook_guard import BadWorkbook
from app.core.workbook_reader import Opened, Sheet, open_workbook

log = logging.getLogger(__name__)


def open_sheets(path: Path, first: str = "") -> Opened:
    """The sheets of a file, the one of the name `first` before others.

    Raises AppError with the sentence of the guard, also when some of the sheets were read.
    """
    with _in_words():
        opened = open_workbook(path, first)
    return Opened(opened.rows, _told(opened.sheets))


def _told(sheets: Iterator[Sheet]) -> Iterator[Sheet]:
    with _in_words():
        yield from sheets


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except BadWorkbook as error:
        log.info("workbook refused: %s", error.reason)
        raise AppError(str(error), field="file") from error
    except FileNotFoundError as error:
        raise AppError("找不到这个文件，请核对路径。", field="file") from error


def read_sent(content: bytes) -> list[Sheet]:
    """The same for a file that is not stored."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload.xlsx"
        path.write_bytes(content)
        return list(open_sheets(path).sheets)
