"""The basic information of an invented person."""

from types import SimpleNamespace

from app.demo_world.lives import RURAL, Life
from app.demo_world.sections import CHINA, Rows, Values, skilled
from app.records.derived import DERIVED_FROM
from app.records.teacher import IN_SERVICE

GRADUATES = {"4": "112", "3": "122", "2": "132"}  # STAFF_SOURCE_U by degree


def basic_info(life: Life, rows: Rows) -> Values:
    """The items of the person; what follows from the rows is set as the record itself would."""
    chance, place, facts = life.chance, life.place, life.facts
    staffed = "1" if chance.random() < 0.85 else "0"
    age = facts.year - life.born.year
    political = facts.political.draw(chance)
    if political == "03" and age > facts.lists["union_until_age"]:
        political = "13"
    home = facts.lists["places"][life.number % len(facts.lists["places"])]
    source = life.kind.transferred if life.former else life.kind.sources
    if place.higher and not life.former:
        source = [GRADUATES[life.studies[-1].level]]
    values: Values = {
        "name": life.name, "former_name": "无", "gender": life.gender, "id_type": "1", "id_number": life.id_number,
        "birth_date": life.born, "nationality": CHINA, "native_place": home,
        "birth_place": home if chance.random() < 0.8 else facts.lists["places"][0], "ethnicity": life.ethnic,
        "political_status": f",{political},", "health_status": facts.health.draw(chance),
        "work_start_month": life.started, "school_entry_month": life.entered, "staff_source": chance.choice(source),
        "staff_category": life.staff, "is_staffed": staffed,
        "employment_form": None if staffed == "1" else chance.choice("129"),
        "contract_type": "1" if staffed == "1" else "2", "personnel_status": IN_SERVICE[place.kind],
    }  # fmt: skip
    values |= _at_university(life) if place.higher else _at_school(life)
    if place.kind in "VH":
        values |= {
            "is_dual_qualified": str(int(skilled(life) and len(life.rungs) > 1)),
            "has_vocational_skill_cert": str(int(skilled(life))),
            "enterprise_practice_length": chance.choice("234") if skilled(life) else chance.choice("01"),
        }
    return values | derived(rows)


def _at_university(life: Life) -> Values:
    age = life.facts.year - life.born.year
    return {
        "department": life.department, "staff_no": f"{life.entered[:4]}{life.number % 10**5:05d}",
        "marital_status": "10" if age < 28 else life.facts.marital.draw(life.chance),
        "academic_origin": "1" if life.studies[-1].school == life.place.name else "2",
        "teaching_start_month": life.started, "is_foreign_faculty": "0",
    }  # fmt: skip


def _at_school(life: Life) -> Values:
    chance, kind = life.chance, life.place.kind
    full_time = [study for study in life.studies if study.full_time and study.education != "61"]
    majors = {study.major for study in full_time}
    trained = "1" if "特殊教育" in majors or chance.random() < (0.8 if kind == "E" else 0.06) else "0"
    values: Values = {"it_skill": chance.choice("1222334"), "is_special_grade_teacher": str(int(
        len(life.rungs) > 2 and life.number % 37 == 0))}  # fmt: skip
    if kind in "KSE":
        special_post = life.years >= 4 and life.place.urban_rural in RURAL and chance.random() < 0.18
        begun = int(life.started[:4])
        values |= {
            "is_fulltime_normal_graduate": str(int(any(study.normal for study in full_time))),
            "free_normal_student": chance.choice("00000000012"),
            "grassroots_program": "101" if special_post else "0",
            "grassroots_start_month": life.started if special_post else None,
            "grassroots_end_month": f"{begun + 3}-08" if special_post else None,
            "is_backbone_teacher": str(int(len(life.rungs) > 1 and chance.random() < 0.3)),
            "psych_teacher": "1" if life.subject.get("name") == "心理健康" else chance.choice("0" * 20 + "2"),
        }
    if kind in "SE":
        values |= {"has_special_edu_training": trained, "has_special_edu_cert": trained if kind == "E" else "0"}
    if kind == "E":
        begun_there = life.entered if life.former and life.number % 2 else life.started
        values |= {"special_edu_start_month": begun_there,
                   "is_fulltime_special_edu_graduate": str(int("特殊教育" in majors))}  # fmt: skip
    if kind == "K":
        preschool = "1" if "学前教育" in majors else "0"
        values |= {"is_fulltime_preschool_graduate": preschool,
                   "has_preschool_training": "1" if chance.random() < 0.9 else preschool}  # fmt: skip
    return values


class _Line(SimpleNamespace):
    """A row that is not stored yet, for what reads rows."""

    def __getattr__(self, _name: str) -> None:
        return None


def derived(rows: Rows) -> Values:
    """Highest education and degree, present post and title."""
    person = SimpleNamespace()
    for name, (_, derive) in DERIVED_FROM.items():
        derive(person, [_Line(id=at, **line) for at, line in enumerate(rows.get(name, ()))])  # type: ignore[arg-type]
    return vars(person)
