"""What a file is that is no .xlsx workbook, and what to do with it: one sentence for each kind."""

from collections.abc import Collection, Mapping
from pathlib import Path

RESAVE = "请用 Excel 或 WPS 打开，另存为“Excel 工作簿（.xlsx）”后重新上传。"
_OLE = b"\xd0\xcf\x11\xe0"
_LOCKED = "这个文件加了密码，系统不能读取。请用 Excel 或 WPS 打开并取消密码，另存为 .xlsx 后重新上传。"
_TO_TEMPLATE = "请把内容填进模板，再上传填好的 .xlsx 文件。"
_SAMPLE = 4096

SENTENCES: Mapping[str, str] = {
    "locked": _LOCKED,
    "old_xls": f"这是旧版的 .xls 或 WPS 的 .et 表格，系统只收 .xlsx。{RESAVE}",
    "word": f"这是 Word 或 WPS 文字文档，不是 .xlsx 格式的表格。{_TO_TEMPLATE}",
    "slides": f"这是演示文稿，不是 .xlsx 格式的表格。{_TO_TEMPLATE}",
    "pdf": f"这是 PDF 文件，不是 .xlsx 格式的表格。{_TO_TEMPLATE}",
    "picture": f"这是图片，不是 .xlsx 格式的表格。{_TO_TEMPLATE}",
    "web": f"这是网页或 XML 格式的表格，不是 .xlsx 格式（有的系统导出的 .xls 是这样的）。{RESAVE}",
    "csv": f"这是 .csv 或文本文件，不是 .xlsx 格式的 Excel 文件，只改扩展名是不行的。{RESAVE}",
    "binary_xlsb": f"这是 .xlsb 二进制工作簿，系统只收 .xlsx。{RESAVE}",
    "open_document": f"这是 .ods 表格，系统只收 .xlsx。{RESAVE}",
    "numbers": "这是 Numbers 表格，系统只收 .xlsx。请在 Numbers 里导出为 Excel（.xlsx）后重新上传。",
    "archive": "这是压缩包，不是 .xlsx 格式的 Excel 文件。请解压后上传里面的 .xlsx 文件。",
    "not_xlsx": f"这不是 .xlsx 格式的 Excel 文件，只改扩展名是不行的。{RESAVE}",
}
_HEADS = (
    (b"%PDF", "pdf"), (b"\x89PNG", "picture"), (b"\xff\xd8\xff", "picture"), (b"BM", "picture"), (b"GIF8", "picture"),
    (b"{\\rtf", "word"), (b"Rar!", "archive"), (b"7z\xbc\xaf", "archive"), (b"\x1f\x8b", "archive"),
)  # fmt: skip
# In a ZIP file: a name, or the folder it begins with.
_MEMBERS = (
    ("xl/workbook.bin", "binary_xlsb"), ("word/", "word"), ("ppt/", "slides"), ("mimetype", "open_document"),
    ("index/", "numbers"), ("index.zip", "numbers"),
)  # fmt: skip
# In an old compound file: the names of its streams, as they stand in its directory.
_STREAMS = (("EncryptedPackage", "locked"), ("WordDocument", "word"), ("PowerPoint Document", "slides"))


def kind_of_file(path: Path) -> str:
    """The kind of a file that is no ZIP archive: a key of SENTENCES."""
    with path.open("rb") as file:
        head = file.read(_SAMPLE)
        if head.startswith(_OLE):
            rest = file.read()
            names = ((name.encode("utf-16-le"), kind) for name, kind in _STREAMS)
            return next((kind for name, kind in names if name in head or name in rest), "old_xls")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"<"):
        return "web"
    return next((kind for start, kind in _HEADS if head.startswith(start)), "csv" if _is_text(head) else "not_xlsx")


def kind_of_archive(names: Collection[str]) -> str:
    """The kind of a ZIP archive that is no .xlsx workbook, by the names of its members in lower case."""
    for start, kind in _MEMBERS:
        if any(name == start or (start.endswith("/") and name.startswith(start)) for name in names):
            return kind
    return "not_xlsx" if any(name.startswith("xl/") for name in names) else "archive"


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    whole_lines = head[: head.rfind(b"\n") + 1] or head  # the sample may end within a character
    return b"\0" not in head and any(_is_encoded(whole_lines, encoding) for encoding in ("utf-8", "gb18030"))


def _is_encoded(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
