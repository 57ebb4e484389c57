"""What the search box of a list of people finds."""

from typing import Any

from flask_appbuilder.models.filters import BaseFilter
from sqlalchemy import or_, select

from app.core.crypto import blind_index
from app.core.validators import normalise_id
from app.records.sections.contact import Contact, number_hash
from app.records.teacher import Teacher

PERSON_HINT = "姓名、手机、证件号或后 4 位"
TAIL = 4
FULL_NUMBER = 15


class PersonSearch(BaseFilter):  # type: ignore[misc]
    """A part of the name, the last four digits of the ID number, or a whole ID or phone number."""

    def apply(self, query: Any, value: str) -> Any:
        phone = number_hash(value)
        if phone:  # no name and no ID number looks like one; alone it is found by its index
            reached = select(Contact.teacher_id).where(or_(Contact.mobile_hash == phone, Contact.phone_hash == phone))
            return query.filter(Teacher.id.in_(reached))
        found = [Teacher.name.contains(value, autoescape=True)]
        number = normalise_id(value)
        if len(number) == TAIL and number[:3].isdigit():
            found.append(Teacher.id_number_tail == number)
        if len(number) >= FULL_NUMBER:
            found.append(Teacher.id_number_hash == blind_index(number, "id_number"))
        return query.filter(or_(*found))


class PersonOfRowSearch(BaseFilter):  # type: ignore[misc]
    """A part of the name, over the rows of a section, through their teacher."""

    def apply(self, query: Any, value: str) -> Any:
        people = select(Teacher.id).where(Teacher.name.contains(value, autoescape=True))
        return query.filter(self.model.teacher_id.in_(people))
