"""What every section table of the record has in common."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, Session, declared_attr, mapped_column, relationship

from app.core.db import Base
from app.core.errors import OutOfScope
from app.core.history import Audited
from app.core.province_items import Extended
from app.core.scope import SCOPE_COLUMNS, ScopedAsOwner, ScopeIds
from app.records.teacher import Teacher


class SectionRow(Base, ScopedAsOwner, Audited, Extended):
    """A row of a section: it belongs to one teacher, and lies where the teacher lies."""

    __abstract__ = True

    id: Mapped[int] = mapped_column(primary_key=True)
    teacher_id: Mapped[int] = mapped_column(ForeignKey("teacher.id"), index=True)

    @declared_attr
    def teacher(cls) -> Mapped[Teacher]:
        return relationship(Teacher)

    def scope_ids(self, session: Session) -> ScopeIds:
        owner = self.teacher
        if owner is None and self.teacher_id is not None:
            owner = session.get(Teacher, self.teacher_id)
        if owner is None:
            raise OutOfScope(f"{type(self).__name__} without a teacher in scope")
        province, city, county, school = (getattr(owner, column) for column in SCOPE_COLUMNS)
        return (province, city, county, school)
