"""The teacher: 基本信息, one row for each person. Source: domain reference 1.1."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, event
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship, synonym

from app.core.crypto import blind_index
from app.core.db import Base, UtcDateTime
from app.core.history import Audited
from app.core.scope import Scoped, ScopeIds
from app.core.sections.fields import When, code, codes, date, flag, month, secret, text
from app.core.sections.section import Problem, Row, Section
from app.core.validators import InvalidValue, check_id_document, citizen_birth_date, citizen_gender
from app.organisations.models import Unit

CHINA = "156"
CITIZEN_ID = "1"
SCHOOLS = "KSEV"
HIGHER = "UH"
MIN_WORKING_AGE = 16
TODAY = dt.date.today

IDENTITY, PERSON, EDUCATION, WORK, ABILITY = "身份", "籍贯与个人情况", "最高学历学位", "工作与编制", "培养与能力"

STAFF_SOURCE = {
    "K": "STAFF_SOURCE_K",
    "S": "STAFF_SOURCE_S",
    "E": "STAFF_SOURCE_E",
    "V": "STAFF_SOURCE_V",
    "H": "STAFF_SOURCE_U",
    "U": "STAFF_SOURCE_U",
}
STAFF_CATEGORY = {
    "K": "STAFF_CATEGORY_K",
    "S": "STAFF_CATEGORY_S",
    "E": "STAFF_CATEGORY_E",
    "V": "STAFF_CATEGORY_V",
    "H": "STAFF_CATEGORY_U",
    "U": "STAFF_CATEGORY_U",
}
PERSONNEL_STATUS = dict.fromkeys(SCHOOLS, "PERSONNEL_STATUS") | dict.fromkeys(HIGHER, "DUTY_STATUS")
IN_SERVICE = dict.fromkeys(SCHOOLS, "100") | dict.fromkeys(HIGHER, "1")
CHINESE = When("nationality", among=(CHINA,))
FOREIGN = When("nationality", except_for=(CHINA,))
NOT_STAFFED = When("is_staffed", among=("0",))
IN_PROGRAMME = When("grassroots_program", except_for=("0",))


class Teacher(Base, Scoped, Audited):
    """One person at one school, with the state of the record."""

    __tablename__ = "teacher"
    __table_args__ = (
        Index("ix_teacher_school_id_id", "school_id", "id"),
        Index("ix_teacher_county_id_id", "county_id", "id"),
        Index("ix_teacher_waiting", "waiting_unit_id", "status"),
    )
    section_name = "basic_info"

    id: Mapped[int] = mapped_column(primary_key=True)
    teacher_id: Mapped[int] = synonym("id")
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    unit: Mapped[Unit] = relationship(foreign_keys=[unit_id])

    # State of the record; changed by flow.move only.
    status: Mapped[str] = mapped_column(String(30), default="draft", index=True)
    waiting_unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    waiting_unit: Mapped[Unit | None] = relationship(foreign_keys=[waiting_unit_id])
    stage: Mapped[int] = mapped_column(Integer, default=0)
    reported_by_id: Mapped[int | None] = mapped_column(Integer)
    reported_by: Mapped[str] = mapped_column(String(64), default="")
    reported_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    content_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)

    # The ID number is encrypted; it is found and kept unique by its keyed hash, people search by its last four digits.
    id_number_hash: Mapped[str | None] = mapped_column(String(32), unique=True)
    id_number_tail: Mapped[str | None] = mapped_column(String(4), index=True)

    name: Mapped[str | None] = text(
        "姓名", 50, group=IDENTITY, required=True, filled_by="L", in_list=True, check="person_name",
        help="与身份证件一致，单名中间不留空格。", source="档案与证件不一致时，以身份证件为准。",
    )  # fmt: skip
    former_name: Mapped[str | None] = text(
        "曾用名", 50, group=IDENTITY, help="户口本上有曾用名的才填，没有就填「无」。"
    )
    gender: Mapped[str | None] = code("性别", "GENDER", group=IDENTITY, required=True, filled_by="L", in_list=True,
        in_filter=True, help="居民身份证由第 17 位得出。")  # fmt: skip
    id_type: Mapped[str | None] = code("身份证件类型", "ID_TYPE", group=IDENTITY, required=True, filled_by="L",
        default=CITIZEN_ID, help="有居民身份证的一律选居民身份证。")  # fmt: skip
    id_number: Mapped[str | None] = secret("身份证件号", "teacher.id_number", 30, group=IDENTITY, required=True,
        filled_by="L", in_list=True, check="id_number", help="也是教师自助的登录名。")  # fmt: skip
    birth_date: Mapped[dt.date | None] = date("出生日期", group=IDENTITY, required=True, filled_by="L", in_list=True,
        help="由证件号带出；与人事档案不一致时，以档案为准。")  # fmt: skip
    staff_no: Mapped[str | None] = text("教职工号", 30, group=IDENTITY, required=True, required_for=HIGHER,
        help="高校以人事处名单为准，中小学可以不填。")  # fmt: skip

    nationality: Mapped[str | None] = code("国籍/地区", "COUNTRY", group=PERSON, required=True, default=CHINA,
        help="有居民身份证的一律选中国。")  # fmt: skip
    ethnicity: Mapped[str | None] = code("民族", "ETHNICITY", group=PERSON, required_when=CHINESE, applies_when=CHINESE,
        default="01", in_filter=True)  # fmt: skip
    overseas_identity: Mapped[str | None] = code("港澳台侨外", "GATQW", group=PERSON, required_when=FOREIGN,
        school_types=HIGHER)  # fmt: skip
    political_status: Mapped[str | None] = codes("政治面貌", "POLITICAL", group=PERSON, required_when=CHINESE,
        applies_when=CHINESE, default="13", exclusive=("12", "13"),
        help="可多选；「无党派」「群众」不能与其他同选。")  # fmt: skip
    marital_status: Mapped[str | None] = code("婚姻状况", "MARITAL", group=PERSON, required=True, required_for=HIGHER)
    health_status: Mapped[str | None] = code("健康状况", "HEALTH", group=PERSON, required=True, required_for="VHU",
        default="1")  # fmt: skip

    highest_education: Mapped[str | None] = code("最高学历", "EDUCATION", group=EDUCATION, filled_by="D", in_list=True,
        in_filter=True, help="由学习经历得出。")  # fmt: skip
    highest_education_school: Mapped[str | None] = text("获得最高学历的院校或机构", 100, group=EDUCATION, filled_by="D")
    highest_degree_level: Mapped[str | None] = code("最高学位层次", "DEGREE_LEVEL", group=EDUCATION, filled_by="D")
    highest_degree: Mapped[str | None] = code("最高学位名称", "DEGREE", group=EDUCATION, filled_by="D")
    highest_degree_school: Mapped[str | None] = text("获得最高学位的院校或机构", 100, group=EDUCATION, filled_by="D")

    work_start_month: Mapped[str | None] = month("参加工作年月", group=WORK, required=True, earliest="birth_date",
        help="转正定级或办理录用手续的年月。", source="人事档案中的录用审批表或首份聘用合同。")  # fmt: skip
    special_edu_start_month: Mapped[str | None] = month("从事特教起始年月", group=WORK, required=True, school_types="E",
        earliest="work_start_month")  # fmt: skip
    school_entry_month: Mapped[str | None] = month("进本校年月", group=WORK, required=True, earliest="work_start_month",
        help="进入编制所在学校的年月。")  # fmt: skip
    teaching_start_month: Mapped[str | None] = month("从教起始年月", group=WORK, required=True, school_types=HIGHER,
        help="到高校从事教学起；非教师岗从进教育系统起算。")  # fmt: skip
    staff_source: Mapped[str | None] = code("教职工来源", STAFF_SOURCE, group=WORK, required=True,
        required_for="KSEV")  # fmt: skip
    academic_origin: Mapped[str | None] = code("学缘结构", "ACADEMIC_ORIGIN", group=WORK, required=True,
        school_types=HIGHER)  # fmt: skip
    staff_category: Mapped[str | None] = code("教职工类别", STAFF_CATEGORY, group=WORK, required=True, in_list=True,
        in_filter=True, help="校长选行政人员；兼课的行政人员按主要岗位选。")  # fmt: skip
    is_staffed: Mapped[str | None] = flag("是否在编", group=WORK, required=True, in_filter=True,
        help="事业编制和合同制工人选是。")  # fmt: skip
    employment_form: Mapped[str | None] = code("用人形式", "EMPLOYMENT_FORM", group=WORK, required_when=NOT_STAFFED,
        applies_when=NOT_STAFFED)  # fmt: skip
    contract_type: Mapped[str | None] = code("签订合同情况", "CONTRACT", group=WORK, required=True,
        help="在编的一般是聘用合同，不在编的一般是劳动合同。")  # fmt: skip
    personnel_status: Mapped[str | None] = code("人员状态", PERSONNEL_STATUS, group=WORK, required=True, filled_by="A",
        default_by=IN_SERVICE, in_filter=True)  # fmt: skip

    is_fulltime_normal_graduate: Mapped[str | None] = flag("是否全日制师范类专业毕业", group=ABILITY, required=True,
        default="0", school_types="KSE")  # fmt: skip
    is_fulltime_special_edu_graduate: Mapped[str | None] = flag("是否全日制特殊教育专业毕业", group=ABILITY,
        required=True, default="0", school_types="E")  # fmt: skip
    has_special_edu_training: Mapped[str | None] = flag("是否受过特教专业培养培训", group=ABILITY, required=True,
        default="0", school_types="SE")  # fmt: skip
    has_special_edu_cert: Mapped[str | None] = flag("是否有特殊教育从业证书", group=ABILITY, required=True,
        default="0", school_types="SE")  # fmt: skip
    is_fulltime_preschool_graduate: Mapped[str | None] = flag("是否全日制学前教育专业毕业", group=ABILITY,
        required=True, default="0", school_types="K")  # fmt: skip
    has_preschool_training: Mapped[str | None] = flag("是否受过学前教育专业培养培训", group=ABILITY, required=True,
        default="0", school_types="K")  # fmt: skip
    it_skill: Mapped[str | None] = code("信息技术应用能力", "IT_SKILL", group=ABILITY, required=True,
        school_types=SCHOOLS)  # fmt: skip
    free_normal_student: Mapped[str | None] = code("是否属于免费（公费）师范生", "FREE_NORMAL", group=ABILITY,
        required=True, default="0", school_types="KSE", help="六所部属师大的选部属，地方公费的选地方。")  # fmt: skip
    grassroots_program: Mapped[str | None] = code("是否参加基层服务项目", "GRASSROOTS", group=ABILITY, required=True,
        default="0", school_types="KSE")  # fmt: skip
    grassroots_start_month: Mapped[str | None] = month("参加基层服务项目起始年月", group=ABILITY, school_types="KSE",
        required_when=IN_PROGRAMME, applies_when=IN_PROGRAMME)  # fmt: skip
    grassroots_end_month: Mapped[str | None] = month("参加基层服务项目结束年月", group=ABILITY, school_types="KSE",
        applies_when=IN_PROGRAMME, earliest="grassroots_start_month")  # fmt: skip
    is_special_grade_teacher: Mapped[str | None] = flag("是否是特级教师", group=ABILITY, required=True, default="0",
        school_types=SCHOOLS)  # fmt: skip
    is_backbone_teacher: Mapped[str | None] = flag("是否县级及以上骨干教师", group=ABILITY, required=True, default="0",
        school_types="KSE")  # fmt: skip
    psych_teacher: Mapped[str | None] = code("是否心理健康教育教师", "PSYCH_TEACHER", group=ABILITY, required=True,
        default="0", school_types="KSE")  # fmt: skip
    is_dual_qualified: Mapped[str | None] = flag("是否「双师型」教师", group=ABILITY, required=True, school_types="VH",
        help="同时有中级以上专业技术资格证书和职业资格证书。")  # fmt: skip
    has_vocational_skill_cert: Mapped[str | None] = flag("是否具备职业技能等级证书", group=ABILITY, required=True,
        school_types="VH")  # fmt: skip
    enterprise_practice_length: Mapped[str | None] = code("企业工作（实践）时长", "ENTERPRISE_PRACTICE", group=ABILITY,
        required=True, school_types="VH")  # fmt: skip
    is_foreign_faculty: Mapped[str | None] = flag("是否外籍教师（研究人员）", group=ABILITY, required=True,
        school_types=HIGHER)  # fmt: skip
    remark: Mapped[str | None] = text("备注", 200, group=ABILITY, filled_by="A")

    def scope_ids(self, session: Session) -> ScopeIds:
        return session.get_one(Unit, self.unit_id).scope_ids

    @property
    def indicator_set(self) -> str:
        return self.unit.indicator_set

    def __str__(self) -> str:
        return self.name or ""


@event.listens_for(Teacher.id_number, "set")
def _index_id_number(teacher: Teacher, value: str | None, _old: Any, _initiator: Any) -> None:
    teacher.id_number_hash = blind_index(value, "id_number") if value else None
    teacher.id_number_tail = value[-4:] if value else None


def number_is_valid_and_agrees(row: Row) -> Iterator[Problem]:
    """The ID number by its kind; birth date and sex against it. The archive counts for the date, so these only warn."""
    number, born = row.get("id_number"), row.get("birth_date")
    if not number:
        return
    try:
        check_id_document(str(row.get("id_type") or CITIZEN_ID), str(number), today=TODAY())
    except InvalidValue as error:
        yield Problem("id_number", str(error))
        return
    if row.get("id_type") != CITIZEN_ID:
        return
    if born and citizen_birth_date(str(number)) != born:
        yield Problem(
            "birth_date", f"与证件号中的 {citizen_birth_date(str(number))} 不一致，请对照人事档案。", "warning"
        )
    if row.get("gender") in ("1", "2") and citizen_gender(str(number)) != row.get("gender"):
        sex = "男" if citizen_gender(str(number)) == "1" else "女"
        yield Problem("gender", f"证件号第 17 位表示「{sex}」，请核对。", "warning")


def old_enough_to_work(row: Row) -> Iterator[Problem]:
    """参加工作时至少 16 岁。"""
    born, start = row.get("birth_date"), row.get("work_start_month")
    if isinstance(born, dt.date) and isinstance(start, str):
        age = int(start[:4]) - born.year - (int(start[5:7]) < born.month)
        if 0 <= age < MIN_WORKING_AGE:
            yield Problem("work_start_month", f"按出生日期 {born} 推算，当时只有 {age} 岁。请核对年份。")


SECTION = Section(
    name="basic_info",
    title="基本信息",
    model=Teacher,
    many=False,
    required=True,
    title_items=("name",),
    rules=(number_is_valid_and_agrees, old_enough_to_work),
)
