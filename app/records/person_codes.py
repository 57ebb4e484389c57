"""个人标识码: the number that a person keeps through every school. Source: domain reference 3.5; what its digits mean
was never published, so this is ours.

`T` before the national check and `P` after it, the province that gave it, twelve digits by chance, a check character
(ISO 7064, mod 37-36). Nothing in it says anything of the person. Codes that were given stay in the table for ever, also
those that another has replaced, so none is given twice.
"""

import datetime as dt
import secrets

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, Session, mapped_column
from stdnum.iso7064 import mod_37_36

from app.core.db import Base, UtcDateTime, insert_unless_there
from app.core.scope import SCOPE_COLUMNS, ScopedAsOwner, ScopeIds
from app.organisations.models import Unit
from app.records.teacher import Teacher

TEMPORARY, FORMAL = "T", "P"
NATION = "00"  # gives the codes of people whose school hangs on no province
DIGITS = 12
LENGTH = len(TEMPORARY + NATION) + DIGITS + 1
TRIES = 10  # of a billion times as many numbers as there are people


class PersonCode(Base, ScopedAsOwner):
    """One code, to whom and when it was given. No foreign key: it outlives whatever becomes of the record."""

    __tablename__ = "person_code"

    code: Mapped[str] = mapped_column(String(LENGTH), primary_key=True)
    teacher_id: Mapped[int] = mapped_column(Integer, index=True)
    given_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)

    def scope_ids(self, session: Session) -> ScopeIds:
        return (self.province_id, self.city_id, self.county_id, self.school_id)


def place_of(school: Unit) -> str:
    """Two digits for the province of a school, as they stand in the school's own code; domain reference 3.4."""
    return school.code[2:4] if school.province_id else NATION


def make_code(kind: str, place: str, number: int) -> str:
    """A code from its parts; number: up to DIGITS digits."""
    body = f"{kind}{place}{number:0{DIGITS}d}"
    return body + mod_37_36.calc_check_digit(body)


def is_code(text: str) -> bool:
    """Whether a text, in the form of `normalise_id`, has the shape of a code."""
    return len(text) == LENGTH and text[0] in (TEMPORARY, FORMAL) and mod_37_36.is_valid(text)


def give_code(session: Session, teacher: Teacher, kind: str, now: dt.datetime) -> None:
    """Give a person a new code of this kind, which takes the place of the one before."""
    place = place_of(teacher.unit)
    row = {"teacher_id": teacher.id, "given_at": now, **{name: getattr(teacher, name) for name in SCOPE_COLUMNS}}
    for _ in range(TRIES):
        code = make_code(kind, place, secrets.randbelow(10**DIGITS))
        if insert_unless_there(session, PersonCode, code=code, **row):
            teacher.person_code = code
            return
    raise RuntimeError("no free 个人标识码 was drawn")
