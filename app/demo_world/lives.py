"""The life of an invented person: drawn once, so that all sections of the record tell the same story."""

import datetime as dt
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.core.indicator_set import IndicatorSet
from app.core.validators import citizen_check_digit
from app.demo_world.facts import Careers, Kind, careers, faculties, names, subjects, vocational
from app.records.teacher import HIGHER

SERIALS = 499  # for each sex and day; 998 and 999 are left out
STEP = 2_654_435  # jumps through days and serials, so that neighbours are not born on one day
RURAL = ("210", "220")
SENIOR = ("341", "342", "345")
STAGES = {"211": "P", "218": "P", "311": "J", "312": "PJ", "341": "JH", "342": "H", "345": "PJH"}
PRESENT_AGE_OF_DOCTORS, OLD_ENOUGH_TO_LEAD = 31, 8
TEACHERS = ("04", "A1", "A11", "A12", "A13", "A6")
BLOCKS = 8  # area codes that stand behind one another


@dataclass(frozen=True)
class Place:
    """A school, as far as its people's records tell of it."""

    unit_id: int
    name: str
    kind: str
    category: str
    urban_rural: str
    town: str  # where its people went to school
    indicator_set: IndicatorSet
    departments: Sequence[tuple[str, str]] = ()  # code, name

    @property
    def higher(self) -> bool:
        return self.kind in HIGHER


@dataclass(frozen=True)
class Study:
    """One course of study."""

    education: str
    school: str
    major: str
    first: int  # year
    last: int
    normal: bool = False
    full_time: bool = True
    level: str = "0"
    degree: str | None = None


@dataclass
class Life:
    """One person: what is decided by chance and holds for the whole record."""

    number: int  # of the person; nobody else's in the province
    chance: random.Random
    place: Place
    kind: Kind
    facts: Careers
    gender: str
    born: dt.date
    id_number: str
    name: str
    ethnic: str
    rank: int  # within the school: the first two lead it
    subject: Mapping[str, str] = field(default_factory=dict)
    department: str | None = None
    studies: list[Study] = field(default_factory=list)
    started: str = ""  # 参加工作年月
    entered: str = ""  # 进本校年月
    former: str = ""  # the employer before
    rungs: list[str] = field(default_factory=list)  # since when each title is held
    usual_staff: str = ""  # 教职工类别 of those who do not lead

    @property
    def years(self) -> int:
        """Of service, in the year of the report."""
        return self.facts.year - int(self.started[:4])

    @property
    def teaches(self) -> bool:
        """Whether there are lessons, a title and a certificate to tell of."""
        return self.leads or self.usual_staff in TEACHERS

    @property
    def staff(self) -> str:
        """教职工类别. The head of a school and the deputy come first."""
        return self.kind.leaders[self.rank] if self.leads else self.usual_staff

    @property
    def leads(self) -> bool:
        """Whether this is the head of the school or the deputy: the first two, unless they are new."""
        return self.rank < len(self.kind.leaders) and self.years >= OLD_ENOUGH_TO_LEAD


def identity(number: int, area: str, gender: str) -> tuple[str, dt.date]:
    """An ID number and its birth date; two people of different numbers never have the same.

    area: the first of up to eight area codes, which nobody real has: 539900 is none of a division, nor 5399 of a city.
    """
    facts = careers()
    size = facts.born_days * SERIALS
    block, at = divmod(number, size)
    if block >= BLOCKS:
        raise ValueError(f"there are numbers for {size * BLOCKS} people in one province")
    day, serial = divmod(at * STEP % size, SERIALS)
    born = facts.born_from + dt.timedelta(days=day)
    first17 = f"{int(area) - 100 * block}{born:%Y%m%d}{serial * 2 + (gender == '1'):03d}"
    return first17 + citizen_check_digit(first17), born


def life(number: int, place: Place, rank: int, area: str, seed: str) -> Life:
    """The person with this number. The same arguments give the same person."""
    chance = random.Random(f"{seed}{number}")  # noqa: S311 - repeatable people, no secret
    facts = careers()
    kind = facts.kinds[place.kind]
    gender = "1" if chance.random() < kind.male else "2"
    id_number, born = identity(number, area, gender)
    ethnic = names().ethnic.draw(chance)
    found = Life(number, chance, place, kind, facts, gender, born, id_number, _name(gender, born, ethnic, chance),
                 ethnic, rank)  # fmt: skip
    found.usual_staff = kind.category.draw(chance)
    _choose_subject(found)
    _study(found)
    _work(found)
    return found


def person_name(gender: str, year: int, chance: random.Random) -> str:
    """A name of somebody whose record is not here: an administrator."""
    return _name(gender, dt.date(year, 1, 1), "01", chance)


def _name(gender: str, born: dt.date, ethnic: str, chance: random.Random) -> str:
    known = names()
    own = known.of_ethnic.get(ethnic)
    surname = chance.choice(own) if own and chance.random() < 0.7 else known.surnames.draw(chance)
    characters = next(era.characters for era in known.given if born.year <= era.until)[gender]
    first = chance.choice(characters)
    if chance.random() < known.single_share:
        return surname + first
    return surname + first + chance.choice(characters)


def _choose_subject(found: Life) -> None:
    place, chance = found.place, found.chance
    if place.higher:
        found.department, name = place.departments[found.number % len(place.departments)]
        found.subject = faculties()[name]
    elif place.kind == "V":
        found.subject = vocational().draw(chance)
    else:
        stage = chance.choice(STAGES.get(place.category, "P"))
        found.subject = {**subjects(stage).draw(chance), "stage": stage}


# ── studies: from senior high school or a normal school to the highest ──


def _study(found: Life) -> None:
    facts, chance, year = found.facts.lists, found.chance, found.born.year
    senior = f"{found.place.town}{chance.choice(facts['senior_schools'])}"
    if found.place.higher:
        _at_university(found, senior)
    elif year < 1978 and chance.random() < (0.2 if found.place.category in SENIOR else 0.6):
        _by_normal_school(found)
    elif chance.random() < (0.35 if year < 1990 else 0.12) and found.place.category not in SENIOR:
        _by_college(found, senior)
    else:
        _by_bachelor(found, senior)


def _major(found: Life) -> str:
    if found.place.kind == "K":
        return "学前教育"
    return "特殊教育" if found.place.kind == "E" and found.number % 2 else found.subject["major"]


def _degree(found: Life) -> str:
    return "404" if _major(found) in ("学前教育", "特殊教育") else found.subject["degree"]


def _by_normal_school(found: Life) -> None:
    """中师, then part-time."""
    facts, chance, year = found.facts.lists, found.chance, found.born.year
    found.studies.append(Study("4A", chance.choice(facts["normal_schools"]), "普通师范", year + 16, year + 19, True))
    _part_time(found, "31", year + 24 + chance.randrange(6), "colleges", 3)
    if chance.random() < 0.7:
        _part_time(found, "21", found.studies[-1].last + 1 + chance.randrange(4), "universities", 3)


def _by_college(found: Life, senior: str) -> None:
    """大专, then part-time."""
    facts, chance, year = found.facts.lists, found.chance, found.born.year
    found.studies.append(Study("61", senior, "无", year + 15, year + 18))
    found.studies.append(
        Study("31", chance.choice(facts["colleges"]), _major(found), year + 18, year + 21, found.place.kind != "V")
    )
    if chance.random() < 0.75:
        _part_time(found, "21", year + 23 + chance.randrange(4), "universities", 3)


def _part_time(found: Life, education: str, begun: int, at: str, lasts: int) -> None:
    if begun + lasts >= found.facts.year:
        return
    chance = found.chance
    graded = education == "21" and chance.random() < 0.3
    found.studies.append(
        Study(
            education, chance.choice(found.facts.lists[at]), _major(found), begun, begun + lasts,
            found.place.kind != "V", False, "4" if graded else "0", _degree(found) if graded else None,
        )
    )  # fmt: skip


def _by_bachelor(found: Life, senior: str) -> None:
    """大学本科; at senior high schools some go on."""
    facts, chance, year = found.facts.lists, found.chance, found.born.year
    normal = found.place.kind != "V" or chance.random() < 0.3
    found.studies.append(Study("61", senior, "无", year + 15, year + 18))
    school = chance.choice(facts["universities"])
    found.studies.append(Study("21", school, _major(found), year + 18, year + 22, normal, True, "4", _degree(found)))
    if found.place.category in SENIOR and chance.random() < 0.15 and year + 25 < found.facts.year:
        school = chance.choice(facts["graduate_schools"])
        found.studies.append(Study("14", school, "学科教学", year + 22, year + 25, True, True, "3", "342"))


def _at_university(found: Life, senior: str) -> None:
    """高校: bachelor, master, many of them doctors."""
    facts, chance, year, subject = found.facts.lists, found.chance, found.born.year, found.subject
    found.studies.append(Study("61", senior, "无", year + 15, year + 18))
    school = chance.choice(facts["universities"])
    found.studies.append(Study("21", school, subject["major"], year + 18, year + 22, False, True, "4",
                               subject["degree"]))  # fmt: skip
    schools = [name for name in facts["graduate_schools"] if name != found.place.name]
    if year + 25 >= found.facts.year or chance.random() < (0.2 if year < 1975 else 0.04):
        return
    found.studies.append(Study("14", chance.choice(schools), subject["further"], year + 22, year + 25, False, True,
                               "3", subject["master"]))  # fmt: skip
    doctors = 0.5 if found.place.kind == "U" else 0.12
    if found.facts.year - year >= PRESENT_AGE_OF_DOCTORS and chance.random() < doctors:
        found.studies.append(Study("11", chance.choice(schools), subject["further"], year + 25, year + 29, False, True,
                                   "2", subject["doctor"]))  # fmt: skip


# ── work: first job, this school, titles ──


def _work(found: Life) -> None:
    chance, last = found.chance, found.facts.year - 1
    graduated = max(study.last for study in found.studies if study.full_time)
    start = min(graduated + chance.choice((0, 0, 0, 0, 1, 1, 2)), last)
    found.started = found.entered = f"{start}-{7 + chance.randrange(3):02d}"
    years = found.years
    if years > 4 and chance.random() < 0.42:
        found.former = _former(found)
        found.entered = f"{start + 2 + chance.randrange(min(years - 2, 18))}-0{7 + chance.randrange(3)}"
    since, luck = 0, chance.random()
    for after, share in found.facts.ladder:
        since = max(start + after + (chance.randrange(4) if after > 1 else 0), since + 1)
        if since > last or luck > share:
            break
        found.rungs.append(f"{since}-12" if after > 1 else f"{since}-09")


def _former(found: Life) -> str:
    place = found.place
    if place.higher:
        return found.chance.choice(found.facts.lists["universities"])
    if place.kind in "EV":
        return f"{place.town}{'特殊教育学校' if place.kind == 'E' else '职业高级中学'}"
    where = f"{place.town[:2]}{found.chance.choice('东西南北')}{'乡' if place.town[-1] == '县' else '街'}"
    stage = found.subject["stage"]
    return where + ("中心幼儿园" if place.kind == "K" else "中心小学" if stage == "P" else "中学")
