"""The indicator sets of the nation: one for each kind of school; and the departments of a school that is nowhere."""

from app.core.codes import codes
from app.core.indicator_set import IndicatorSet
from app.core.sections.fields import ALL_SCHOOL_TYPES
from app.organisations.departments import departments_of
from app.organisations.models import DEPARTMENT_TABLE

NOWHERE = -1
DEPARTMENTS = (("410000000101", "数学与统计学院", ""), ("410000000102", "人事处", ""))
KINDS = tuple(IndicatorSet(letter, school_id=NOWHERE) for letter in ALL_SCHOOL_TYPES)
K, S, U = (kind for kind in KINDS if kind.kind in "KSU")

codes.of_schools(
    DEPARTMENT_TABLE,
    "二级单位",
    lambda connection, school: DEPARTMENTS if school == NOWHERE else departments_of(connection, school),
)
