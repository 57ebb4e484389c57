"""Photos of many teachers at once: a ZIP of pictures named by ID number. One bad picture keeps no other one back."""

import datetime as dt
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal, TypeAlias
from zipfile import ZipInfo

from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.archives import Archive, ArchiveLimits
from app.core.errors import AppError
from app.core.files import FileStore
from app.core.photos import TooSmall, portrait
from app.core.text import clean, clean_file_name
from app.core.validators import mask_id, normalise_id
from app.organisations.models import Unit
from app.permissions import Permission as P
from app.records.many import locked, rights_of
from app.records.queries import teachers_by_numbers
from app.records.teacher import Teacher
from app.records.teacher_photo import MAX_MB, photo_lock, place_photo

Kind: TypeAlias = Literal[
    "taken", "replaced", "same", "locked", "not_found", "several", "too_small", "unreadable", "left"
]

MAX_ZIP_MB = 200
LIMITS = ArchiveLimits(members=1000, member_bytes=MAX_MB << 20, total_bytes=1 << 30)
SECONDS = 20.0  # longer than this no web server should be kept waiting
ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".heic", ".heif", ".webp", ".gif", ".tif", ".tiff")
SHORTEST_NUMBER = 6  # of a passport or permit

NOT_FOUND = "本校没有这个证件号的教师，照片没有存。请核对文件名里的号码。"
NO_NUMBER = "文件名里认不出证件号。请改成「证件号.jpg」或「姓名_证件号.jpg」。"
TWO_PEOPLE = "文件名里有两个人的号码，分不清是谁的。请只留一个。"
TWO_FILES = "有 {count} 张照片都是这位教师的，一张都没有存。请只留一张。"
LEFT = "这次用时太长，还没有轮到它。请把没有处理的照片再传一次。"
TOLD = {"taken": "已存。", "replaced": "已换成这一张。", "same": "和已有的照片相同，没有变化。"}
NO_PHOTOS = "压缩包里没有照片（JPG、PNG、BMP）。请把照片直接放进压缩包，不要再套一层压缩包。"


@dataclass(frozen=True)
class Line:
    """What became of one picture. `file` and `number` are masked; `teacher_id` and `digest` while it is on its way."""

    file: str
    kind: Kind
    text: str
    number: str = ""
    name: str = ""
    teacher_id: int = 0
    digest: str = ""


def numbers_in(file_name: str) -> list[str]:
    """The document numbers that a file name may mean: 证件号.jpg, 姓名_证件号.jpg, also with spaces."""
    stem = clean(PurePosixPath(file_name.replace("\\", "/")).name.rpartition(".")[0])
    whole = normalise_id(stem)
    found = re.findall(r"(?<![0-9])[0-9]{17}[0-9X](?![0-9A-Z])", whole)
    pieces = [normalise_id(piece) for piece in re.split(r"[_\s－—-]+", stem)]
    others = [piece for piece in (whole, *pieces) if re.fullmatch(r"[0-9A-Z()]+", piece) and re.search(r"[0-9]", piece)]
    return list(dict.fromkeys(found or [piece for piece in others if len(piece) >= SHORTEST_NUMBER]))


def find_people(session: Session, unit: Unit, file_names: Sequence[str]) -> list[Line]:
    """Whose pictures these are: lines with a teacher, or the reason why there is none. Only teachers of the school."""
    asked = [numbers_in(name) for name in file_names]
    known = teachers_by_numbers(session, sorted({number for numbers in asked for number in numbers}))
    lines = [_person(unit, name, numbers, known) for name, numbers in zip(file_names, asked, strict=True)]
    twice = Counter(line.teacher_id for line in lines if line.teacher_id)
    return [
        replace(line, kind="several", text=TWO_FILES.format(count=twice[line.teacher_id]), teacher_id=0)
        if twice[line.teacher_id] > 1
        else line
        for line in lines
    ]


def _person(unit: Unit, file_name: str, numbers: Sequence[str], known: dict[str, Teacher]) -> Line:
    file = shown_name(file_name)
    people = {known[number].id: known[number] for number in numbers if number in known}
    own = [teacher for teacher in people.values() if teacher.unit_id == unit.id]
    if not numbers:
        return Line(file, "not_found", NO_NUMBER)
    shown = mask_id(numbers[0])
    if len(own) > 1:
        return Line(file, "several", TWO_PEOPLE, shown)
    if not own:
        return Line(file, "not_found", NOT_FOUND, shown)
    return Line(file, "left", LEFT, mask_id(own[0].id_number or ""), own[0].name or "", own[0].id)


def shown_name(file_name: str) -> str:
    """The name of a file for the page of results: every longer number is masked, a passport's as well."""
    return re.sub(r"[0-9][0-9 ]{4,}[0-9Xx]", lambda found: mask_id(found[0]), clean_file_name(file_name))


def cut_photos(
    archive: Archive,
    members: Sequence[ZipInfo],
    lines: Sequence[Line],
    store: FileStore,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Line]:
    """Cut the pictures of known people and put them into the store, as long as the time lasts."""
    until = clock() + SECONDS
    for member, line in zip(members, lines, strict=True):
        if not line.teacher_id or clock() > until:
            yield line
            continue
        try:
            yield replace(line, digest=store.put(portrait(archive.read(member))))
        except TooSmall as error:
            yield replace(line, kind="too_small", text=error.message)
        except AppError as error:
            yield replace(line, kind="unreadable", text=error.message)


def pictures(archive: Archive) -> list[ZipInfo]:
    """The members that call themselves pictures."""
    return [member for member in archive.members if _is_picture(member.filename)]


def _is_picture(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    hidden = path.name.startswith(".") or "__MACOSX" in path.parts
    return path.suffix.lower() in ENDINGS and not hidden


def place_photos(session: Session, actor: Actor, lines: Sequence[Line], now: dt.datetime) -> list[Line]:
    """Give the people their photos, with the rights on each record as they are now. Flushes, the caller commits."""
    actor.must(P.IMPORT_USE)
    teachers = locked(session, Teacher, [line.teacher_id for line in lines if line.digest])
    rights = rights_of(session, actor, list(teachers.values()))
    done = []
    for line in lines:
        teacher = teachers.get(line.teacher_id) if line.digest else None
        if teacher is None:
            done.append(line)
        elif reason := photo_lock(rights[teacher.id]):
            done.append(replace(line, kind="locked", text=f"没有存：{reason}"))
        else:
            kind: Kind = (
                "same" if teacher.photo_digest == line.digest else "replaced" if teacher.photo_digest else "taken"
            )
            place_photo(session, teacher, line.digest, now)
            done.append(replace(line, kind=kind, text=TOLD[kind]))
    session.flush()
    return done
