"""What the search box of a list of people finds."""

from typing import Any

from flask_appbuilder.models.filters import BaseFilter
from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from app.core.crypto import blind_index
from app.core.validators import normalise_id
from app.records.name_keys import named
from app.records.person_codes import is_code
from app.records.sections.contact import Contact, number_hash
from app.records.teacher import Teacher

PERSON_HINT = "姓名、拼音、手机、证件号后 4 位"
TAIL = 4
FULL_NUMBER = 15


def meant_by(session: Session, people: Any, typed: str) -> ColumnElement[bool]:
    """The criterion for the people whom a typed text means; `people`: the column with their ids.

    A whole phone number, ID number or 个人标识码, the last four digits of an ID number, or a part of the name as it is
    written or spelt. No text is two of these: names have no digits, ID numbers of that length no letter in front.
    """
    if phone := number_hash(typed):
        found = select(Contact.teacher_id).where(or_(Contact.mobile_hash == phone, Contact.phone_hash == phone))
        return _among(people, found)
    number = normalise_id(typed)
    if len(number) == TAIL and number[:3].isdigit():
        return _among(people, select(Teacher.id).where(Teacher.id_number_tail == number))
    if is_code(number):
        return _among(people, select(Teacher.id).where(Teacher.person_code == number))
    if len(number) >= FULL_NUMBER and any(map(str.isdigit, number)):
        return _among(people, select(Teacher.id).where(Teacher.id_number_hash == blind_index(number, "id_number")))
    return named(session, people, typed)


def _among(people: Any, found: Select[Any]) -> ColumnElement[bool]:
    criterion: ColumnElement[bool] = people.in_(found)
    return criterion


class PersonSearch(BaseFilter):  # type: ignore[misc]
    """The people whom a text means."""

    def apply(self, query: Any, value: str) -> Any:
        return query.filter(meant_by(query.session, Teacher.id, value))


class PersonOfRowSearch(BaseFilter):  # type: ignore[misc]
    """The rows of a section that belong to the people whom a text means."""

    def apply(self, query: Any, value: str) -> Any:
        return query.filter(meant_by(query.session, self.model.teacher_id, value))
