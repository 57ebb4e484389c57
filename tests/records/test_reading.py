"""Values that are read once for a whole sheet are those that would be read each time."""

import pytest

from app.core.sections.fields import Field
from app.core.sections.reading import Raw, Reader, Remembering, read
from app.core.sections.section import Section
from app.core.validators import InvalidValue
from app.records import SECTIONS
from tests.kinds import KINDS

TYPED = (True, 1, 1.0, "1", "2016.9", "2016-09-01", "是", "", None, "不存在的名称", 2016, "至今", "'1")


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.usefixtures("app")
def test_the_second_time_says_the_same(section: Section) -> None:
    indicator_set = next(one for one in KINDS if one.kind in section.school_types)
    reader = Remembering()

    def answer(how: Reader, field: Field, raw: Raw) -> object:
        try:
            return how(field, raw, indicator_set)
        except InvalidValue as error:
            return str(error)

    for field in section.fields_for(indicator_set):
        if not field.of_school:
            for raw in TYPED:
                expected = answer(read, field, raw)
                assert [answer(reader, field, raw) for _ in range(2)] == [expected] * 2, (field.name, raw)
