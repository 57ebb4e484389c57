"""What a PDF really says: read by poppler, which shares no code with what made it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

TOOLS = ("pdftotext", "pdffonts", "pdfinfo", "pdfimages")


def poppler(tool: str, *arguments: str, content: bytes, folder: Path) -> str:
    """The output of a tool of poppler for a PDF."""
    if not all(map(shutil.which, TOOLS)):
        pytest.skip("poppler-utils is not installed")
    path = folder / "document.pdf"
    path.write_bytes(content)
    place = [str(path), "-"] if tool == "pdftotext" else [str(path)]
    done = subprocess.run([tool, *arguments, *place], capture_output=True, check=True)
    return done.stdout.decode()


def text_of(content: bytes, folder: Path, page: int = 0) -> str:
    """The text in the order in which it was drawn, a line for each drawn line."""
    pages = ["-f", str(page), "-l", str(page)] if page else []
    return poppler("pdftotext", "-raw", "-enc", "UTF-8", *pages, content=content, folder=folder)


def joined(text: str) -> str:
    """Text without blanks and line ends, to find what was wrapped."""
    return re.sub(r"\s", "", text)


def fonts_of(content: bytes, folder: Path) -> dict[str, bool]:
    """The fonts by name: whether they are embedded and can be copied as text."""
    lines = poppler("pdffonts", content=content, folder=folder).splitlines()[2:]
    return {line.split()[0]: line[54:].split()[-5:-2] == ["yes", "yes", "yes"] for line in lines}


def page_count(content: bytes, folder: Path) -> int:
    found = re.search(r"^Pages:\s+(\d+)", poppler("pdfinfo", content=content, folder=folder), re.M)
    assert found
    return int(found[1])


def picture_count(content: bytes, folder: Path) -> int:
    return len(poppler("pdfimages", "-list", content=content, folder=folder).splitlines()) - 2
