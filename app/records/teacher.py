"""The teacher: 基本信息, one row for each person. Source: domain reference 1.1."""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String
from sqlalchemy import text as sql_text
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship, synonym

from app.core.crypto import blind_index
from app.core.db import Base, UtcDateTime, by_code_point
from app.core.files import REFERS_TO_FILE
from app.core.history import Audited
from app.core.indicator_set import IndicatorSet
from app.core.person_names import ORDER_LENGTH
from app.core.province_items import Extended
from app.core.scope import Scoped, ScopeIds
from app.core.sections.fields import When, code, codes, date, flag, month, secret, text
from app.core.sections.section import Problem, Row, Section
from app.core.validators import InvalidValue, check_citizen_id, check_id_document, citizen_birth_date, citizen_gender
from app.organisations.models import DEPARTMENT_TABLE, Unit
from app.records.following import follows

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
BY_STAFFING = ("is_staffed", {"1": "1", "0": "2"})  # 在编的聘用合同，不在编的劳动合同
NOT_STAFFED = When("is_staffed", among=("0",))
# The table holds all divisions of today, so there is no code for others and no free text beside it.
MERGED_PLACE = "老地名已撤并的，选现在管辖那里的区县。"
IN_PROGRAMME = When("grassroots_program", except_for=("0",))
DIPLOMA = "见毕业证书。"
# The queues of the reviewers are small beside the table: their indexes hold just what waits.
ONLY_WAITING: Any = dict.fromkeys(("sqlite_where", "postgresql_where"), sql_text("waiting_unit_id IS NOT NULL"))


class Teacher(Base, Scoped, Audited, Extended):
    """One person at one school, with the state of the record."""

    __tablename__ = "teacher"
    __table_args__ = (
        Index("ix_teacher_school_id_id", "school_id", "id"),
        Index("ix_teacher_county_id_id", "county_id", "id"),
        Index("ix_teacher_city_id_id", "city_id", "id"),
        Index("ix_teacher_province_id_id", "province_id", "id"),
        Index("ix_teacher_county_name", "county_id", "name_order", "id"),
        Index("ix_teacher_province_name", "province_id", "name_order", "id"),
        Index("ix_teacher_name", "name_order", "id"),
        Index("ix_teacher_waiting", "waiting_unit_id", "reported_at", "id", **ONLY_WAITING),
        Index("ix_teacher_waiting_school", "waiting_unit_id", "unit_id", "id", **ONLY_WAITING),
        Index("ix_teacher_department", "department", "id"),
        Index("ix_teacher_person_code", "person_code", unique=True),
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
    arrival: Mapped[str | None] = mapped_column(String(10))  # how it came to the unit where it waits, see states.py
    reported_by_id: Mapped[int | None] = mapped_column(Integer)
    reported_by: Mapped[str] = mapped_column(String(64), default="")
    reported_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    content_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)

    # What the name is sorted by; its keys for searching are rows of their own. Both follow it, see name_keys.py.
    name_order: Mapped[str] = mapped_column(by_code_point(ORDER_LENGTH), default="")

    # The portrait: its file, and since when. Set by teacher_photo.py only.
    photo_digest: Mapped[str | None] = mapped_column(String(64), index=True, info=REFERS_TO_FILE)
    photo_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)

    # The ID number is encrypted; it is found and kept unique by its keyed hash, people search by its last four digits.
    id_number_hash: Mapped[str | None] = mapped_column(String(32), unique=True)
    id_number_tail: Mapped[str | None] = mapped_column(String(4), index=True)

    name: Mapped[str | None] = text("姓名", 50, group=IDENTITY, required=True, filled_by="L", in_list=True,
        check="person_name", help="与身份证件一致，单名中间不留空格。",
        source="档案与证件不一致时，以身份证件为准。")  # fmt: skip
    former_name: Mapped[str | None] = text("曾用名", 50, group=IDENTITY, default="无",
        help="户口本上有曾用名的才改，没有的填「无」。", source="见户口本的「曾用名」一栏。")  # fmt: skip
    person_code: Mapped[str | None] = text("个人标识码", 32, group=IDENTITY, filled_by="D",
        help="首次审核通过时由系统发给，调动、变更都不改。全国核验之前是临时的，以 T 开头。")  # fmt: skip
    gender: Mapped[str | None] = code("性别", "GENDER", group=IDENTITY, required=True, filled_by="L", in_list=True,
        in_filter=True, help="居民身份证第 17 位单数为男，双数为女。", source="以身份证件为准。")  # fmt: skip
    id_type: Mapped[str | None] = code("身份证件类型", "ID_TYPE", group=IDENTITY, required=True, filled_by="L",
        default=CITIZEN_ID, help="有居民身份证的一律选它，没有的才选其他。")  # fmt: skip
    id_number: Mapped[str | None] = secret("身份证件号", "teacher.id_number", 30, "id", group=IDENTITY, required=True,
        filled_by="L", in_list=True, check="id_number", help="也是教师自助的登录名；末位是 X 的照写 X。",
        source="见身份证件。")  # fmt: skip
    birth_date: Mapped[dt.date | None] = date("出生日期", group=IDENTITY, required=True, filled_by="L", in_list=True,
        help="由证件号带出；与人事档案不一致时，以档案为准。", source="见人事档案。")  # fmt: skip
    staff_no: Mapped[str | None] = text("教职工号", 30, group=IDENTITY, required=True, required_for=HIGHER,
        help="高校以人事处名单为准，中小学可以不填。", source="见学校人事部门的名单。")  # fmt: skip

    nationality: Mapped[str | None] = code("国籍/地区", "COUNTRY", group=PERSON, required=True, default=CHINA,
        help="有居民身份证的一律选中国。", source="没有居民身份证的，以护照为准。")  # fmt: skip
    native_place: Mapped[str | None] = code("籍贯", "ADMIN_DIV", group=PERSON, required_when=CHINESE,
        applies_when=CHINESE, help="按户口本，填到区县。", source=MERGED_PLACE)  # fmt: skip
    birth_place: Mapped[str | None] = code("出生地", "ADMIN_DIV", group=PERSON, required_when=CHINESE,
        applies_when=CHINESE, help="出生时所在的区县。", source=MERGED_PLACE)  # fmt: skip
    ethnicity: Mapped[str | None] = code("民族", "ETHNICITY", group=PERSON, required_when=CHINESE, applies_when=CHINESE,
        default="01", in_filter=True, help="与身份证上的民族一致。", source="见居民身份证或户口本。")  # fmt: skip
    overseas_identity: Mapped[str | None] = code("港澳台侨外", "GATQW", group=PERSON, required_when=FOREIGN,
        school_types=HIGHER, help="按港澳台侨或外籍身份选，都不是的可以不填。")  # fmt: skip
    political_status: Mapped[str | None] = codes("政治面貌", "POLITICAL", group=PERSON, required_when=CHINESE,
        applies_when=CHINESE, default="13", exclusive=("12", "13"), help="可多选；「无党派」「群众」不能与其他同选。",
        source="见人事档案中的入党、入团材料。")  # fmt: skip
    marital_status: Mapped[str | None] = code("婚姻状况", "MARITAL", group=PERSON, required=True, required_for=HIGHER,
        help="按现在的状况选，有变化的及时修改。")  # fmt: skip
    health_status: Mapped[str | None] = code("健康状况", "HEALTH", group=PERSON, required=True, required_for="EVHU",
        default="1", help="多数选「健康或良好」；慢性病、残疾选到细类。", source="残疾以残疾人证为准。")  # fmt: skip

    highest_education: Mapped[str | None] = code("最高学历", "EDUCATION", group=EDUCATION, filled_by="D", in_list=True,
        in_filter=True, help="由学习经历得出。")  # fmt: skip
    highest_education_school: Mapped[str | None] = text("获得最高学历的院校或机构", 100, group=EDUCATION, filled_by="D")
    highest_degree_level: Mapped[str | None] = code("最高学位层次", "DEGREE_LEVEL", group=EDUCATION, filled_by="D")
    highest_degree: Mapped[str | None] = code("最高学位名称", "DEGREE", group=EDUCATION, filled_by="D")
    highest_degree_school: Mapped[str | None] = text("获得最高学位的院校或机构", 100, group=EDUCATION, filled_by="D")

    work_start_month: Mapped[str | None] = month("参加工作年月", group=WORK, required=True, earliest="birth_date",
        help="转正定级或办理录用手续的年月。", source="见人事档案中的录用审批表或首份聘用合同。")  # fmt: skip
    special_edu_start_month: Mapped[str | None] = month("从事特教起始年月", group=WORK, required=True, school_types="E",
        earliest="work_start_month", help="开始在特殊教育岗位工作的年月，不早于参加工作。",
        source="见聘用合同或调动文件。")  # fmt: skip
    school_entry_month: Mapped[str | None] = month("进本校（园）年月", group=WORK, required=True,
        earliest="work_start_month", help="进入编制所在学校（园）的年月，借调的不算。",
        source="见人事档案中的录用或调动文件。")  # fmt: skip
    teaching_start_month: Mapped[str | None] = month("从教起始年月", group=WORK, required=True, school_types=HIGHER,
        help="到高校从事教学起；非教师岗从进教育系统起算。")  # fmt: skip
    staff_source: Mapped[str | None] = code("教职工来源", STAFF_SOURCE, group=WORK, required=True, required_for="KSEV",
        help="怎样进的本校（园），如招聘、调入。")  # fmt: skip
    academic_origin: Mapped[str | None] = code("学缘结构", "ACADEMIC_ORIGIN", group=WORK, required=True,
        school_types=HIGHER, help="看最高学历在哪里取得：本校、境内外校还是境外。",
        source="见最高学历的毕业证书。")  # fmt: skip
    staff_category: Mapped[str | None] = code("教职工类别", STAFF_CATEGORY, group=WORK, required=True, in_list=True,
        in_filter=True, help="按主要岗位选：中小学校长选行政人员，高校双肩挑选专任教师。")  # fmt: skip
    is_staffed: Mapped[str | None] = flag("是否在编", group=WORK, required=True, in_filter=True,
        help="事业编制和合同制工人选「是」。", source="见学校的编制名册。")  # fmt: skip
    employment_form: Mapped[str | None] = code("用人形式", "EMPLOYMENT_FORM", group=WORK, required_when=NOT_STAFFED,
        applies_when=NOT_STAFFED, help="不在编的才填：档案托管的选人事代理，公司派来的选劳务派遣。",
        source="见与您签订的合同。")  # fmt: skip
    contract_type: Mapped[str | None] = code("签订合同情况", "CONTRACT", group=WORK, required=True,
        default_after=BY_STAFFING,
        help="在编的一般是聘用合同，不在编的一般是劳动合同。", source="见与学校签订的合同。")  # fmt: skip
    department: Mapped[str | None] = code("所在二级单位", DEPARTMENT_TABLE, of_school=True, group=WORK,
        required=True, school_types=HIGHER, filled_by="L", in_filter=True,
        help="在本校哪个院系或部门，由学校人事部门定。")  # fmt: skip
    current_post_category: Mapped[str | None] = code("现任岗位类别", "POST_CATEGORY", group=WORK, filled_by="D",
        help="由岗位聘任中最近的一条得出。")  # fmt: skip
    current_post_grade: Mapped[str | None] = code("现任岗位等级", "POST_GRADE", group=WORK, filled_by="D",
        help="由岗位聘任中最近的一条得出。")  # fmt: skip
    current_title: Mapped[str | None] = code("现任专业技术职务", "TITLE", group=WORK, filled_by="D", in_filter=True,
        help="由专业技术职务聘任中仍在聘的一条得出。")  # fmt: skip
    personnel_status: Mapped[str | None] = code("人员状态", PERSONNEL_STATUS, group=WORK, required=True, filled_by="A",
        default_by=IN_SERVICE, in_filter=True, help="高校称在岗情况；有变动由学校办理变更。")  # fmt: skip

    is_fulltime_normal_graduate: Mapped[str | None] = flag("是否全日制师范类专业毕业", group=ABILITY, required=True,
        default="0", school_types="KSE", help="全日制读师范类专业才选「是」，函授的选「否」。",
        source=DIPLOMA)  # fmt: skip
    is_fulltime_special_edu_graduate: Mapped[str | None] = flag("是否全日制特殊教育专业毕业", group=ABILITY,
        required=True, default="0", school_types="E", help="全日制读特殊教育专业才选「是」，培训不算。",
        source=DIPLOMA)  # fmt: skip
    has_special_edu_training: Mapped[str | None] = flag("是否受过特教专业培养培训", group=ABILITY, required=True,
        default="0", school_types="SE", help="受过特教专业的培养或培训就选「是」。",
        source="见毕业证书或结业证书。")  # fmt: skip
    has_special_edu_cert: Mapped[str | None] = flag("是否有特殊教育从业证书", group=ABILITY, required=True, default="0",
        school_types="SE", help="有特殊教育从业证书才选「是」，培训不算。", source="见特殊教育从业证书。")  # fmt: skip
    is_fulltime_preschool_graduate: Mapped[str | None] = flag("是否全日制学前教育专业毕业", group=ABILITY,
        required=True, default="0", school_types="K", help="全日制读学前教育专业才选「是」，培训不算。",
        source=DIPLOMA)  # fmt: skip
    has_preschool_training: Mapped[str | None] = flag("是否受过学前教育专业培养培训", group=ABILITY, required=True,
        default="0", school_types="K", help="受过学前教育专业的培养或培训就选「是」。",
        source="见毕业证书或结业证书。")  # fmt: skip
    it_skill: Mapped[str | None] = code("信息技术应用能力", "IT_SKILL", group=ABILITY, required=True,
        school_types=SCHOOLS, help="按平时教学中使用电脑和多媒体的实际水平选。")  # fmt: skip
    free_normal_student: Mapped[str | None] = code("是否属于免费（公费）师范生", "FREE_NORMAL", group=ABILITY,
        required=True, default="0", school_types="KSE",
        help="六所部属师大的公费生选部属，地方公费选地方，自费选「否」。", source="见公费师范生协议。")  # fmt: skip
    grassroots_program: Mapped[str | None] = code("是否参加基层服务项目", "GRASSROOTS", group=ABILITY, required=True,
        default="0", school_types="KSE", help="特岗要选到中央、地方或新疆双语；没有选「否」。",
        source="见服务协议或服务证书。")  # fmt: skip
    grassroots_start_month: Mapped[str | None] = month("参加基层服务项目起始年月", group=ABILITY, school_types="KSE",
        required_when=IN_PROGRAMME, applies_when=IN_PROGRAMME, help="服务协议上的开始年月，特岗教师都要填。",
        source="见服务协议。")  # fmt: skip
    grassroots_end_month: Mapped[str | None] = month("参加基层服务项目结束年月", group=ABILITY, school_types="KSE",
        required_when=IN_PROGRAMME, applies_when=IN_PROGRAMME, earliest="grassroots_start_month", may_be_future=True,
        help="还在服务期的，填协议约定的结束年月。", source="见服务协议或服务证书。")  # fmt: skip
    is_special_grade_teacher: Mapped[str | None] = flag("是否是特级教师", group=ABILITY, required=True, default="0",
        school_types=SCHOOLS, help="评上特级教师选「是」，高级职称不算。", source="见特级教师证书。")  # fmt: skip
    is_backbone_teacher: Mapped[str | None] = flag("是否县级及以上骨干教师", group=ABILITY, required=True, default="0",
        school_types="KSE", help="县级及以上部门认定的选「是」，校级骨干不算。",
        source="见骨干教师证书或认定文件。")  # fmt: skip
    psych_teacher: Mapped[str | None] = code("是否心理健康教育教师", "PSYCH_TEACHER", group=ABILITY, required=True,
        default="0", school_types="KSE", help="只教心理健康教育的选专职，还教其他课的选兼职。")  # fmt: skip
    is_dual_qualified: Mapped[str | None] = flag("是否「双师型」教师", group=ABILITY, required=True, school_types="VH",
        help="同时有中级以上专业技术资格证书和职业资格证书。", source="见这两种证书。")  # fmt: skip
    has_vocational_skill_cert: Mapped[str | None] = flag("是否具备职业技能等级证书", group=ABILITY, required=True,
        school_types="VH", help="有证书选「是」，证书再填到「证书」板块。", source="见职业技能等级证书。")  # fmt: skip
    enterprise_practice_length: Mapped[str | None] = code("企业工作（实践）时长", "ENTERPRISE_PRACTICE", group=ABILITY,
        required=True, school_types="VH", help="在企业工作和实践的时间合计，没有选「无」。")  # fmt: skip
    is_foreign_faculty: Mapped[str | None] = flag("是否外籍教师（研究人员）", group=ABILITY, required=True,
        school_types=HIGHER, help="外籍教师或研究人员选「是」，中国籍选「否」。", source="以护照为准。")  # fmt: skip
    remark: Mapped[str | None] = text("备注", 200, group=ABILITY, filled_by="A",
        help="学校要补充说明的事，200 字以内，没有可以不填。")  # fmt: skip

    def scope_ids(self, session: Session) -> ScopeIds:
        return session.get_one(Unit, self.unit_id).scope_ids

    @property
    def indicator_set(self) -> IndicatorSet:
        return self.unit.indicator_set

    def __str__(self) -> str:
        return self.name or ""


def _index_id_number(value: str | None) -> Mapping[str, str | None]:
    number_hash = blind_index(value, "id_number") if value else None
    return {"id_number_hash": number_hash, "id_number_tail": value[-4:] if value else None}


follows(Teacher, "id_number", _index_id_number)


def told_by_number(id_type: str, number: str) -> dict[str, str | dt.date]:
    """Sex and birth date as a valid citizen's number has them."""
    if id_type != CITIZEN_ID:
        return {}
    try:
        check_citizen_id(number, today=TODAY())
    except InvalidValue:
        return {}
    return {"gender": citizen_gender(number), "birth_date": citizen_birth_date(number)}


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

# The items by which a list is filtered. A code that few people have, or nobody, would be looked for among all of them;
# an index of one is 7 MB for a million people. A multiple choice is searched in its text, which no such index helps.
for _name, _field in SECTION.declared.items():
    if _field.code_table and _field.kind != "codes" and not _field.of_school:
        Index(f"ix_teacher_{_name}", Teacher.__table__.c[_name])
