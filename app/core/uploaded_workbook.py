"""The sheets of a workbook that somebody sent: read beside the application, refused with one clear sentence."""

import logging
import tempfile
from pathlib import Path

from app.core.errors import AppError
from app.core.workbook_guard import BadWorkbook
from app.core.workbook_reader import Sheet, read_workbook

log = logging.getLogger(__name__)


def read_sheets(path: Path) -> list[Sheet]:
    """All sheets of a file. Raises AppError with the sentence of the guard."""
    try:
        return read_workbook(path)
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
        return read_sheets(path)
