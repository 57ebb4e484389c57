"""The rows of an invented record, section by section, as plain values."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import partial

from app.core.sections.fields import Value
from app.demo_world.lives import RURAL, Life
from app.records import BY_NAME
from app.records.sections.none_said import NoneSaid
from app.records.teacher import SCHOOLS

Values = dict[str, Value]
Rows = dict[str, list[Values]]  # by section
NONE = NoneSaid.section_name
CHINA = "156"
WORKERS = ("10", "A4")
STAGE_CODES = {"P": ",2,", "J": ",3,", "H": ",4,"}
COURSES = {"P": "course_primary", "J": "course_junior", "H": "course_senior"}
CERT_OF_STAGE = {"P": "2", "J": "3", "H": "4"}
GENERAL_SCHOOL, NORMAL_SCHOOL, COLLEGE = "12", "13", "14"  # STUDY_ORG_TYPE
EARLIEST_CERTIFICATE = 2002  # since then there is one layout of its number


def education_history(life: Life) -> Iterator[Values]:
    """From senior high school or a normal school to the highest."""
    higher = life.place.higher
    for study in life.studies:
        school = study.education == "61"
        yield {
            "education": study.education, "education_country": CHINA, "education_school": study.school,
            "major": study.major, "is_normal_major": None if higher else str(int(study.normal)),
            "start_month": f"{study.first}-09", "end_month": f"{study.last}-{6 if study.full_time else 7:02d}",
            "degree_level": study.level, "degree": study.degree,
            "degree_country": CHINA if study.degree else None,
            "degree_school": study.school if study.degree else None,
            "degree_month": f"{study.last}-06" if study.degree else None,
            "study_mode": "1" if study.full_time else "3",
            "study_org_type": (GENERAL_SCHOOL if school else COLLEGE) if higher else None,
        }  # fmt: skip


def work_history(life: Life) -> Iterator[Values]:
    """The employer before, and this school."""
    nature = life.kind.org_nature
    position = "校级领导" if life.leads else "教师" if life.teaches else "职工"
    if life.former:
        yield {"org_name": life.former, "start_month": life.started, "end_month": f"{life.entered[:4]}-06",
               "org_nature": nature, "position": "教师"}  # fmt: skip
    yield {"org_name": life.place.name, "start_month": life.entered, "org_nature": nature, "position": position}


def post_appointment(life: Life) -> Iterator[Values]:
    """The present post, and for many the one before."""
    duty = f",{('10', '20')[life.rank]}," if life.leads else ",00,"
    common = {"has_second_post": "0", "school_duty": duty}
    if life.leads:
        common["duty_start_month"] = f"{life.facts.year - 1 - life.number % 4}-08"
    if life.staff in WORKERS:
        yield {**common, "post_category": "4", "post_grade": life.chance.choice(("303", "304", "305")),
               "start_month": life.entered}  # fmt: skip
        return
    category = "1" if life.teaches else "2"
    if not life.rungs:
        yield {**common, "post_category": category, "post_grade": "998", "start_month": life.entered}
        return
    for rung in range(max(0, len(life.rungs) - 2), len(life.rungs)):
        grade = life.chance.choice(life.kind.grades[rung])
        yield {**common, "post_category": category, "post_grade": grade, "start_month": life.rungs[rung]}


def title_appointment(life: Life) -> Iterator[Values]:
    """Each title from the first on; the last is still held."""
    if not life.teaches:
        return
    for rung, since in enumerate(life.rungs):
        later = life.rungs[rung + 1 : rung + 2]
        yield {
            "title": life.kind.titles[rung], "start_month": since, "end_month": later[0] if later else None,
            "org_name": life.place.name if since >= life.entered else life.former or life.place.name,
            "has_same_level_cert": "1" if life.place.higher else None,
        }  # fmt: skip


def teacher_qualification(life: Life) -> Iterator[Values]:
    """A certificate of 17 digits: year, agency, kind, sex, number."""
    if not life.teaches:
        return
    kind, subject = _certificate(life)
    year = max(int(life.started[:4]), EARLIEST_CERTIFICATE)
    issuer = "南屏市教育局" if kind in "45" else life.kind.issuer
    yield {
        "cert_type": kind, "cert_no": f"{year}53001{kind}{life.gender}{life.number % 10**6:06d}", "subject": subject,
        "issue_date": dt.date(year, 6, 1 + life.number % 28),
        "issue_org": issuer.replace("县", life.place.town) if issuer.startswith("县") else issuer,
    }  # fmt: skip


def _certificate(life: Life) -> tuple[str, str]:
    match life.place.kind:
        case "K":
            return "1", "01"
        case "V":
            return "5", life.subject["cert"]
        case "H" | "U":
            return "7", life.subject["cert"]
    return CERT_OF_STAGE[life.subject["stage"]], life.subject["cert"]


def teaching(life: Life) -> Iterator[Values]:
    """The terms of the last two years."""
    if not life.teaches:
        return
    last = life.facts.year - 1
    items = _lessons(life)
    for year in range(max(last - 1, int(life.entered[:4])), last + 1):
        for term in "12":
            yield {"year": str(year), "term": term, **items}


def _lessons(life: Life) -> Values:
    kind, subject = life.place.kind, life.subject
    hours = Decimal(life.chance.randrange(4, 8) if life.leads else life.chance.randrange(8, 18))
    if life.place.higher:
        items: Values = {"discipline": subject["discipline"], "course_hours": hours * 8}
        if kind == "U":
            tutor = {"2": "1", "3": "2"}.get(life.studies[-1].level, "0") if len(life.rungs) > 2 else "0"
            items |= {"supervisor_type": tutor, "teaches_undergraduate": "1"}
        return items
    side_job = "10" if life.chance.random() < 0.35 else life.chance.choice(("0", "0", "0", "20", "30"))
    items = {"teaching_status": "20", "weekly_hours": hours, "side_job": "0" if life.leads else side_job}
    if kind == "S":
        stage = subject["stage"]
        items |= {"teaching_stage": STAGE_CODES[stage], "course": f",{subject[COURSES[stage]]},"}
    elif kind == "E":
        items |= {"teaching_stage": ",A,", "course": life.chance.choice((",01,", ",02,", ",03,", ",05,", ",12,"))}
    elif kind == "V":
        items |= {name: subject[name] for name in ("course_category", "subject_category", "teaching_status")}
    return items


def domestic_training(life: Life) -> Iterator[Values]:
    """One a year of the last three."""
    facts, chance = life.facts.lists, life.chance
    courses = facts["higher_trainings" if life.place.higher else "trainings"]
    last = life.facts.year - 1
    for year in range(max(last - 2, int(life.entered[:4])), last + 1):
        yield {
            "year": str(year), "training_level": chance.choice(("20", "30", "30", "40", "40", "60")),
            "name": chance.choice(courses), "org_name": chance.choice(facts["organisers"]),
            "mode": chance.choice("2334"), "hours": Decimal(chance.choice((24, 36, 40, 60, 72, 90))),
        }  # fmt: skip


def language_skill(life: Life) -> Iterator[Values]:
    """Chinese, and what was learned at school."""
    yield {"language": "zh", "proficiency": "1"}
    if life.subject.get("name") in ("英语", "外国语学院"):
        yield {"language": "en", "proficiency": "1"}
    elif life.place.higher or life.number % 3 == 0:
        yield {"language": "en", "proficiency": "2" if life.place.higher else life.chance.choice("34")}


def certificate(life: Life) -> Iterator[Values]:
    """How well they speak Mandarin; at vocational schools often a trade."""
    if not life.teaches:
        return
    graded = "12" if life.subject.get("name") == "语文" else life.chance.choice(("13", "13", "14"))
    yield {"cert_category": "2", "language_cert": graded, "issue_month": life.started,
           "issuer": "云川省语言文字工作委员会"}  # fmt: skip
    if skilled(life):
        yield {"cert_category": "1", "name": f"{life.subject['major']}职业技能等级证书（高级）",
               "issue_month": life.started, "issuer": "云川省职业技能鉴定中心"}  # fmt: skip


def skilled(life: Life) -> bool:
    """是否具备职业技能等级证书."""
    return life.place.kind in "VH" and life.teaches and life.number % 2 == 0


def rotation(life: Life) -> Iterator[Values]:
    """Some have been at a village school for a year."""
    if life.place.kind not in SCHOOLS or life.years < 6 or life.number % 7:
        return
    begun = max(life.facts.year - 3 - life.number % 4, int(life.entered[:4]))
    yield {
        "rotation_type": life.chance.choice(("11", "14", "17", "2")), "transfers_personnel": "0",
        "start_month": f"{begun}-09", "end_month": f"{begun + 1}-07", "from_org": life.place.name,
        "to_org": f"{life.place.town[:2]}云岭乡中心学校",
    }  # fmt: skip


def contact(life: Life) -> Iterator[Values]:
    """Numbers that begin with 161 are nobody's."""
    higher = life.place.higher
    yield {
        "address": f"云川省{life.place.name}教职工住宅 {1 + life.number % 9} 幢 {101 + life.number % 37} 室",
        "mobile": f"161{life.number % 10**8:08d}",
        "email": f"t{life.number}@example.com" if higher or life.number % 2 else None,
    }  # fmt: skip


def annual_review(life: Life) -> Iterator[Values]:
    """The last three years."""
    last = life.facts.year - 1
    for year in range(max(last - 2, int(life.entered[:4])), last + 1):
        new = year == int(life.started[:4])
        yield {"year": str(year), "result": "5" if new else life.chance.choice("1222222"),
               "org_name": life.place.name}  # fmt: skip


def ethics_review(life: Life) -> Iterator[Values]:
    """The last two years."""
    last = life.facts.year - 1
    for year in range(max(last - 1, int(life.entered[:4])), last + 1):
        yield {"review_month": f"{year}-12", "review_result": life.chance.choice("1222"),
               "review_org": life.place.name}  # fmt: skip


def salary(life: Life) -> Iterator[Values]:
    """Pay grows with the title; at village schools there is an allowance."""
    if life.place.kind not in SCHOOLS:
        return
    last = life.facts.year - 1
    base = Decimal(2600 + 480 * len(life.rungs) + 20 * min(life.years, 30))
    rural = Decimal(500) if life.place.urban_rural in RURAL else Decimal(0)
    for year in range(max(last - 1, int(life.entered[:4]) + 1), last + 1):
        monthly = base + base / 2 + rural + Decimal(300)
        yield {
            "year": str(year), "annual_income": monthly * 12 + base, "base_salary": base,
            "performance_salary": base / 2, "allowance": Decimal(300), "other_allowance": Decimal(0),
            "rural_allowance": None if life.place.kind == "V" else rural, "other_income": Decimal(0),
            "insurance_fund": life.facts.lists["insurance"],
        }  # fmt: skip
        base += 80


def ethics_honor(life: Life) -> Iterator[Values]:
    """Few are honoured."""
    if life.years < 8 or life.number % 13:
        return
    level, title, org = life.chance.choice(life.facts.lists["honours"])
    year = int(life.facts.year) - 1 - life.chance.randrange(5)
    yield {"honor_level": level, "honor_title": title, "honor_date": dt.date(year, 9, 10),
           "honor_desc": "教书育人成绩突出。", "honor_org": org}  # fmt: skip


def paper(life: Life) -> Iterator[Values]:
    """Those at universities write more."""
    facts, chance, higher = life.facts.lists, life.chance, life.place.higher
    titles = facts["higher_papers" if higher else "papers"]
    for _ in range(chance.randrange(4) if higher and life.teaches else int(chance.random() < 0.2)):
        first = chance.randrange(1, 90)
        yield {
            "title": chance.choice(titles), "is_representative": "0", "journal": chance.choice(facts["journals"]),
            "publish_month": f"{life.facts.year - 1 - chance.randrange(5)}-{1 + chance.randrange(12):02d}",
            "issue": str(1 + chance.randrange(12)), "start_page": Decimal(first), "end_page": Decimal(first + 4),
            "role": chance.choice(("10", "11", "11", "99")), "indexing": "0",
            "discipline": life.subject.get("discipline"),
        }  # fmt: skip


def research_project(life: Life) -> Iterator[Values]:
    """What somebody took part in."""
    facts, chance, higher = life.facts.lists, life.chance, life.place.higher
    if not life.teaches or chance.random() > (0.5 if higher else 0.08):
        return
    begun = life.facts.year - 5 + chance.randrange(4)
    yield {
        "project_type": "2" if higher else "3", "is_representative": str(int(chance.random() < 0.3)),
        "name": chance.choice(facts["higher_projects" if higher else "projects"]),
        "funding": Decimal(chance.choice((5000, 20000, 80000, 150000)) if higher else chance.choice((0, 2000, 5000))),
        "start_month": f"{begun}-03", "end_month": f"{begun + 2}-12", "role": chance.choice(("02", "03", "03")),
        "rank": chance.choice("129"), "source": chance.choice(("12", "17", "19")),
    }  # fmt: skip


def book(life: Life) -> Iterator[Values]:
    """Textbooks of those who have long taught at universities."""
    if not life.place.higher or len(life.rungs) < 3 or life.chance.random() > 0.3:
        return
    yield {
        "book_type": "14", "is_representative": "1", "title": f"{life.subject['major']}导论",
        "discipline": life.subject["discipline"], "publisher": life.chance.choice(life.facts.lists["publishers"]),
        "publish_date": dt.date(life.facts.year - 1 - life.chance.randrange(8), 8, 1), "role": "06",
        "total_words": Decimal(320000), "own_words": Decimal(60000),
    }  # fmt: skip


def student_award(life: Life) -> Iterator[Values]:
    """Contests that their students won."""
    if not life.teaches or life.number % 11:
        return
    chance = life.chance
    yield {
        "name": chance.choice(life.facts.lists["student_contests"]), "is_representative": "0",
        "role": chance.choice(("10", "20", "30")), "level": chance.choice(("省级一等奖", "省级二等奖", "市级一等奖")),
        "award_month": f"{life.facts.year - 1 - chance.randrange(3)}-11",
    }  # fmt: skip


def other_skill(life: Life) -> Iterator[Values]:
    """Some have one."""
    if life.number % 9 == 0:
        yield {"name": life.chance.choice(life.facts.lists["skills"]), "proficiency": life.chance.choice("234")}


Builder = Callable[[Life], Iterator[Values]]
# Without these a record is not complete, or they are what load tests ask for; of the rest, load tests have no rows.
MAIN: Mapping[str, Builder] = {
    builder.__name__: builder
    for builder in (
        education_history, work_history, post_appointment, title_appointment, teacher_qualification, teaching,
        domestic_training, language_skill, certificate, rotation, contact,
    )
}  # fmt: skip
_MORE: tuple[Builder, ...] = (
    annual_review, ethics_review, salary, ethics_honor, paper, research_project, book, student_award, other_skill,
)  # fmt: skip
ALL: Mapping[str, Builder] = {**MAIN, **{builder.__name__: builder for builder in _MORE}}
MAY_BE_NONE = ("title_appointment", "teacher_qualification", "teaching", "domestic_training", "certificate", "rotation")
LATEST_ALONE = ("teaching", "domestic_training", "post_appointment", "title_appointment")  # in load tests


def rows_of_life(life: Life, builders: Mapping[str, Builder]) -> Rows:
    """All rows below the basic information; 「无」 where a required section has none."""
    found: Rows = {}
    for name, builder in builders.items():
        lines = sorted(builder(life), key=partial(_place, BY_NAME[name].order_by))
        if builders is MAIN and name in LATEST_ALONE:
            lines = lines[-1:]
        if lines:
            found[name] = lines
    asked = MAY_BE_NONE if life.place.kind in SCHOOLS else MAY_BE_NONE[:-1]
    if nothing := [name for name in asked if name not in found]:
        found[NONE] = [{"section": name} for name in nothing]
    return found


def _place(item: str, line: Values) -> str:
    """Where a row stands among its sisters when it is shown; nobody leaves the item empty here."""
    return str(line.get(item, "")) if item else ""
