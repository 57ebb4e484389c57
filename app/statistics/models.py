"""Tables of statistics: how the people of a school are made up, counted on a day."""

import datetime as dt

from sqlalchemy import Date, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class StaffFigure(Base):
    """So many people of a school (and department) have this code in one dimension. See dimensions.py.

    Anonymous and of the school alone: the tree is joined at reading, so units may move.
    """

    __tablename__ = "staff_figure"
    __table_args__ = (UniqueConstraint("school_id", "department", "dimension", "code", name="uq_staff_figure"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    school_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    department: Mapped[str] = mapped_column(String(20))  # its code; empty: none is given
    dimension: Mapped[str] = mapped_column(String(40))
    code: Mapped[str] = mapped_column(String(20))  # empty: not filled in
    n: Mapped[int] = mapped_column(Integer)
    counted_on: Mapped[dt.date] = mapped_column(Date)
