"""HTML to PDF: every character is there or the document is refused, nothing is fetched, hostile text costs little."""

import base64
import re
import signal
import threading
from collections.abc import Iterator
from html import escape
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from app.core.errors import AppError
from app.core.pdf import glyphs, printing, worker
from app.core.pdf.printing import Limits, Pool, make_pdf
from tests.pdf_reading import fonts_of, joined, page_count, picture_count, text_of

PATIENT = Limits(seconds=300)
ENDLESS = "<table>" + "<tr><td>张</td><td>三</td></tr>" * 20_000 + "</table>"


def paragraph(text: str) -> str:
    """A value as a template writes it."""
    return f"<p>{escape(text)}</p>"


def jpeg(colour: str) -> str:
    made = BytesIO()
    Image.new("RGB", (197, 244), colour).save(made, "JPEG")
    return f"data:image/jpeg;base64,{base64.b64encode(made.getvalue()).decode()}"


# ── characters ──


@pytest.mark.parametrize(
    "text",
    [
        "陈秋实",
        "䶮㼆㐂㛃",  # extension A
        "𬭼𬱖𫍽𬸪",  # of 通用规范汉字表, beyond the basic plane
        "𠮷𠀀𪚥",  # extension B
        "𪜀𫝀𫠝𬺰𮯠",  # extensions C to F
        "﨎﨩﨣",  # compatibility characters that are no variants
        "《函数》“双减”……——①Ⅷ℃％￥〇々",
        "zhāng ǒu ǹ ḿ ü Łukasz Müller Żółć",
        "αβγ Ωμ Пётр CO₂ x² ≤ ± → ×",
        "ＡＢｃ１２，．（）",
    ],
)
@pytest.mark.parametrize("tag", ["p", "h1"])
def test_text_of_every_kind_can_be_read_again(tmp_path: Path, text: str, tag: str) -> None:
    content = make_pdf(f"<{tag}>{text}</{tag}>", "文字")
    assert text in text_of(content, tmp_path)
    assert fonts_of(content, tmp_path) and all(fonts_of(content, tmp_path).values())


def test_fonts_have_every_character_of_gb18030() -> None:
    glyphs.install()
    blocks = [(0x4E00, 0x9FF0), (0x3400, 0x4DB6), (0x20000, 0x2A6D7), (0x2A700, 0x2B735), (0x2B740, 0x2B81E)]
    blocks += [(0x2B820, 0x2CEA2), (0x2CEB0, 0x2EBE1), (0x3001, 0x3018), (0xFF01, 0xFF5F), (0x20, 0x7F)]
    text = "".join(chr(code) for first, end in blocks for code in range(first, end))
    assert len(text) > 87_000 and glyphs.missing(text) == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("王小😀", "「王小😀」里的「😀」（U+1F600）"),
        ("刘𰻝面", "「刘𰻝面」里的「𰻝」（U+30EDD）"),
        ("محمد", "（U+0645）"),
        ("བོད་", "（U+0F56）"),
        ("김철수", "「김철수」里的「김」（U+AE40）"),
        ("张\u202e三", "「张三」里的「看不见的符号」（U+202E）"),
        ("张\u200d三", "「张三」里的「看不见的符号」（U+200D）"),
        ("张\ue815三", "（U+E815）"),
        ("张\ud842三", "「张三」里的「看不见的符号」（U+D842）"),
    ],
)
def test_character_without_a_font_refuses_the_document_and_is_named(text: str, said: str) -> None:
    with pytest.raises(AppError) as refused:
        make_pdf(paragraph(text), "文字")
    assert said in refused.value.message and "系统管理员" in refused.value.message


def test_title_is_checked_as_well() -> None:
    with pytest.raises(AppError, match=r"U\+1F600"):
        make_pdf("<p>正文</p>", "😀")


HOSTILE = [
    "A<B & C",
    "<img src='/etc/passwd'>",
    '"><script>alert(1)</script>',
    "=cmd|' /C calc'!A0",
    "{{ 7*7 }} %s %(x)s {0}",
    "&lt;b&gt; &amp;nbsp; &#20320;",
    "</td></table><pdf:nextpage>",
    "a\\b (c) \\101 )Tj",
    "张" * 10_000,
    "x" * 10_000,
]


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: name[:20])
@pytest.mark.parametrize("frame", ["<p>{}</p>", '<table class="grid pairs"><tr><td class="value">{}</td></tr></table>'])
def test_hostile_name_is_printed_as_it_is(tmp_path: Path, name: str, frame: str) -> None:
    content = make_pdf(frame.format(escape(name)), name[:50])
    said = "".join(joined(text_of(content, tmp_path, page + 1)) for page in range(page_count(content, tmp_path)))
    assert joined(name) in re.sub(r"第\d+页/共\d+页", "", said)
    assert picture_count(content, tmp_path) == 0


# ── lines and pages ──


def narrow(text: str) -> str:
    return f'<table class="grid"><tr><td width="18%">{text}</td><td></td></tr></table>'


@pytest.mark.parametrize("shift", range(12))
def test_no_line_begins_or_ends_with_the_wrong_sign(tmp_path: Path, shift: int) -> None:
    text = "文" * shift + "基于《数学》的单元，“双减”：研究（一）；以函数、方程为例！"
    content = make_pdf(narrow(text * 2), "换行")
    drawn = [line for line in text_of(content, tmp_path).split() if not line.startswith("第")]
    assert len(drawn) > 5 and joined(text * 2) in joined("".join(drawn))
    assert [line for line in drawn if line[0] in "，。、；：？！》）”" or line[-1] in "《（“"] == []


def test_words_and_dates_stay_whole(tmp_path: Path) -> None:
    content = make_pdf(narrow("使用 Flask Framework 在 2026-09-30 完成 Programming 课程"), "换行")
    lines = text_of(content, tmp_path).splitlines()
    for word in ("Framework", "2026-09-30", "Programming"):
        assert any(word in line for line in lines), lines


def test_line_breaks_are_kept(tmp_path: Path) -> None:
    content = make_pdf(narrow("第一行<br>第二行<br><br>第四行"), "换行")
    assert "第一行\n第二行\n第四行\n" in re.sub(r"\n+", "\n", text_of(content, tmp_path))


def test_word_longer_than_its_column_is_broken_not_cut(tmp_path: Path) -> None:
    word = "https://example.edu.cn/" + "abcdefghij" * 8
    assert word in joined(text_of(make_pdf(narrow(word), "换行"), tmp_path))


def test_every_page_has_its_number_and_the_number_of_all(tmp_path: Path) -> None:
    content = make_pdf("<p>段落</p>" * 200, "页码")
    pages = page_count(content, tmp_path)
    assert pages > 3
    for page in range(1, pages + 1):
        assert f"第{page}页/共{pages}页" in joined(text_of(content, tmp_path, page))


def test_same_document_is_the_same_file_when_that_is_asked_for() -> None:
    first, second = (make_pdf("<p>陈秋实𠮷</p>", "同样", repeatable=True) for _ in range(2))
    assert first == second


# ── pictures, network, files ──


def test_pictures_are_in_the_file(tmp_path: Path) -> None:
    content = make_pdf(f'<img src="{jpeg("red")}"><img src="{jpeg("blue")}">', "照片")
    assert picture_count(content, tmp_path) == 2
    assert all(fonts_of(content, tmp_path).values())


@pytest.mark.parametrize(
    "source", ["data:image/jpeg;base64,AAAA", "data:text/html,x", "", "photo.jpg", "javascript:alert(1)"]
)
def test_picture_that_cannot_be_drawn_fails_the_document(source: str) -> None:
    with pytest.raises(RuntimeError):
        make_pdf(f'<p>一</p><img src="{jpeg("red")}"><img src="{source}">', "照片")


@pytest.fixture
def site() -> Iterator[tuple[str, list[str]]]:
    """A web server in this machine, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    "markup",
    [
        '<img src="{}">',
        '<p style="background-image: url({})">一</p>',
        '<link rel="stylesheet" href="{}"><p>一</p>',
        "<style>@font-face {{ font-family: x; src: url({}) }}</style><p>一</p>",
        '<pdf:insertpdf src="{}">',
        '<object data="{}"></object><iframe src="{}"></iframe><p>一</p>',
    ],
)
def test_nothing_is_fetched_and_no_file_is_read(site: tuple[str, list[str]], tmp_path: Path, markup: str) -> None:
    address, asked = site
    secret = tmp_path / "secret.svg"
    secret.write_text('<svg xmlns="http://www.w3.org/2000/svg"><text>机密</text></svg>', encoding="utf-8")
    for place in (f"{address}/x.png", secret.as_uri(), str(secret)):
        try:
            content = make_pdf(markup.format(place, place), "外部")
        except (RuntimeError, AppError):
            continue
        assert "机密" not in text_of(content, tmp_path) and picture_count(content, tmp_path) == 0
    assert asked == []


@pytest.mark.parametrize("event", ["socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.exec"])
def test_drawing_process_refuses_what_drawing_never_needs(event: str) -> None:
    with pytest.raises(PermissionError):
        worker._refuse(event, ())
    worker._refuse("open", ())


# ── limits ──


@pytest.fixture
def pool() -> Iterator[Pool]:
    """A pool with one warm worker."""
    made = Pool(1, PATIENT)
    made.make("<p>一</p>", "先")
    yield made
    made.end()


def test_runaway_document_is_stopped_by_the_clock(pool: Pool) -> None:
    warm = pool._free.queue[0]
    warm.limits = Limits(seconds=1)
    with pytest.raises(AppError, match="缩短"):
        pool.make(ENDLESS, "没有尽头")
    assert warm.took_too_long and warm.process.returncode not in (0, None)
    assert pool.make("<p>二</p>", "后").startswith(b"%PDF")


@pytest.mark.skipif(worker.resource is None, reason="this system has no such limits")
def test_runaway_document_is_stopped_by_the_time_it_computes() -> None:
    drawing = printing.Worker(Limits(PATIENT.seconds, cpu_seconds=1))
    assert drawing.ask({"body": ENDLESS, "title": "没有尽头", "repeatable": False}) is None
    assert drawing.process.returncode == -signal.SIGXCPU and not drawing.took_too_long


@pytest.mark.skipif(worker.resource is None, reason="this system has no such limits")
def test_runaway_document_is_stopped_by_its_memory(pool: Pool) -> None:
    body = "<table>" + "<tr><td>张</td><td>三</td></tr>" * 1_000 + "</table>"
    assert pool.make(body, "有尽头").startswith(b"%PDF")
    tight = Pool(1, Limits(PATIENT.seconds, memory_bytes=1 << 20))
    with pytest.raises(AppError, match="缩短"):
        tight.make(body, "有尽头")
    tight.end()


def test_document_beyond_all_bounds_is_refused_with_a_sentence() -> None:
    with pytest.raises(AppError, match="缩短"):
        make_pdf("<table><tr><td>" * 300 + "深" + "</td></tr></table>" * 300, "太深")
    with pytest.raises(AppError, match="缩短"):
        make_pdf("<p>一</p>" * 1_500_000, "太长")


def test_who_comes_while_all_workers_are_busy_is_told_to_wait() -> None:
    pool = Pool(1, Limits(seconds=0.2))
    with pool._places, pytest.raises(AppError, match="再下载"):
        pool.make("<p>一</p>", "等")


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="this system has no alarm")
@pytest.mark.parametrize("end", ["SIGALRM", "SIGKILL"])
def test_worker_that_ended_between_two_documents_is_replaced(pool: Pool, end: str) -> None:
    idle = pool._free.queue[0].process
    idle.send_signal(signal.Signals[end])
    assert idle.wait(60) == -signal.Signals[end]
    assert pool.make("<p>二</p>", "后").startswith(b"%PDF")


def test_worker_that_does_not_start_is_our_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "worker.py"
    broken.write_text("raise SystemExit(3)", encoding="utf-8")
    monkeypatch.setattr(printing, "WORKER", broken)
    with pytest.raises(RuntimeError):
        Pool(1, Limits()).make("<p>一</p>", "坏")


def test_documents_of_several_threads_are_not_mixed_up(tmp_path: Path) -> None:
    made: dict[int, bytes] = {}

    def make(number: int) -> None:
        made[number] = make_pdf(f"<p>编号 {number} 号</p>", str(number))

    threads = [threading.Thread(target=make, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [f"编号 {n} 号" in text_of(made[n], tmp_path) for n in range(6)] == [True] * 6


def test_fault_is_logged_without_the_texts_of_the_document(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(RuntimeError):
        make_pdf('<p>陈秋实</p><img src="陈秋实.jpg">', "陈秋实")
    assert "LeftOut" in caplog.text and "陈" not in caplog.text
