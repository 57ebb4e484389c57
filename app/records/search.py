"""What the search box of a list of people finds."""

from typing import Any

from flask_appbuilder.models.filters import BaseFilter
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.core.crypto import blind_index
from app.core.validators import normalise_id
from app.records.name_keys import named
from app.records.sections.contact import Contact, number_hash
from app.records.teacher import Teacher

PERSON_HINT = "姓名、拼音、手机、证件号后 4 位"
TAIL = 4
FULL_NUMBER = 15


def meant_by(session: Session, typed: str) -> Any:
    """The ids, as `in_` takes them, of the people whom a typed text means.

    A whole phone number or ID number, the last four digits of an ID number, or a part of the name as it is written or
    spelt. No text is two of these: names have no digits.
    """
    if phone := number_hash(typed):
        return select(Contact.teacher_id).where(or_(Contact.mobile_hash == phone, Contact.phone_hash == phone))
    number = normalise_id(typed)
    if len(number) == TAIL and number[:3].isdigit():
        return select(Teacher.id).where(Teacher.id_number_tail == number)
    if len(number) >= FULL_NUMBER and any(map(str.isdigit, number)):
        return select(Teacher.id).where(Teacher.id_number_hash == blind_index(number, "id_number"))
    return named(session, typed)


class PersonSearch(BaseFilter):  # type: ignore[misc]
    """The people whom a text means."""

    def apply(self, query: Any, value: str) -> Any:
        return query.filter(Teacher.id.in_(meant_by(query.session, value)))


class PersonOfRowSearch(BaseFilter):  # type: ignore[misc]
    """The rows of a section that belong to the people whom a text means."""

    def apply(self, query: Any, value: str) -> Any:
        return query.filter(self.model.teacher_id.in_(meant_by(query.session, value)))
