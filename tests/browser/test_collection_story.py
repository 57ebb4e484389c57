"""The main job, from an Excel file to the approved record, as each of the four people does it."""

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from app.demo import PASSWORD
from app.organisations.models import Unit
from tests.browser.conftest import DESK, PHONE, Browser
from tests.spreadsheets.workbooks import PEOPLE, fill, number_of, person

pytestmark = pytest.mark.browser

NAME, NUMBER = "高原", number_of(301, "19910512")
FILLED = {
    "曾用名": "无", "国籍/地区": "中国", "民族": "汉族", "政治面貌": "群众",
    "籍贯": "云南昆明五华区", "参加工作年月": "2014.9", "进本校（园）年月": "2014-09",
    "教职工来源": "应届毕业生", "教职工类别": "专任教师", "是否在编": "是", "签订合同情况": "聘用合同",
    "是否全日制师范类专业毕业": "是", "是否受过特教专业培养培训": "否", "是否有特殊教育从业证书": "否",
    "是否属于免费（公费）师范生": "否", "是否参加基层服务项目": "否", "是否是特级教师": "否",
    "是否县级及以上骨干教师": "否",
    "是否心理健康教育教师": "否",
}  # fmt: skip
WHO = {"姓名": NAME, "身份证件号": NUMBER}
# What the school knows of the other sections; the teacher adds 学习经历 and says 「无」 of 交流轮岗.
SHEETS = {
    "工作经历": {"任职单位名称": "青禾县第一中学", "任职开始年月": "2014-09", "任职岗位": "教师"},
    "岗位聘任": {"岗位类别": "教师岗位", "岗位等级": "专技十级", "聘任开始年月": "2019-12", "校级职务": "无"},
    "专业技术职务聘任": {"聘任专业技术职务": "中小学一级", "聘任开始年月": "2019-12"},
    "教师资格": {"教师资格证种类": "无"},
    "教育教学": {"学年": "2025", "学期": "秋季学期", "任教学段": "普通高中", "任课状况": "任课", "任教课程": "数学",
              "平均每周课堂教学课时数": "12", "兼任工作": "无"},
    "国内培训": {"培训项目名称": "无"},
    "语言能力": {"语种": "汉语", "掌握程度": "精通"},
    "证书": {"证书类型": "无"},
    "联系方式": {"手机": "13900000301"},
}  # fmt: skip
STUDY = {"education": "21", "study_mode": "1", "degree_level": "4"}


def upload(browser: Browser, path: Path) -> None:
    browser.open("/imports/")
    browser.driver.find_element("css selector", "input[type=file]").send_keys(str(path))
    browser.click("上传并核对")


def row_of(browser: Browser, name: str) -> str:
    return f"tr:has(a[href]):has([aria-label='选中 {name}'])"


def test_clerk_imports_corrects_and_undoes(browser: Browser, school: Unit, tmp_path: Path) -> None:
    wrong = [
        {"姓名": "段玉兰", "身份证件号": number_of(302)[:-1] + ("1" if number_of(302)[-1] != "1" else "2")},
        person(303, "黄守业", **{"参加工作年月": "1985-13"}),
    ]
    browser.login("liyutong")
    upload(browser, fill(school, tmp_path / "名册.xlsx", **{PEOPLE: wrong}))
    browser.sees("没有 13 月")
    browser.sees("2 行有错")
    assert browser.find("button.btn-primary[aria-disabled=true]")
    browser.look("import-errors")
    browser.size(*PHONE)
    browser.look("import-errors-phone")
    browser.size(*DESK)
    right = [person(302, "段玉兰"), person(303, "黄守业", **{"参加工作年月": "1985年12月"})]
    right[1]["身份证件号"] = number_of(303, "19660301")
    upload(browser, fill(school, tmp_path / "名册2.xlsx", **{PEOPLE: right}))
    browser.sees("段玉兰")
    browser.look("import-preview")
    browser.find(".bar-b form button.btn-primary").click()
    browser.sees("已写入")
    browser.open("/teachers/list/")
    browser.sees("黄守业")
    browser.driver.back()
    browser.click("撤销这次导入")
    browser.find("dialog[open] .btn-danger, dialog[open] .btn-primary").click()
    browser.sees("已撤销 2 行")
    browser.open("/teachers/list/")
    browser.sees("教师列表")
    browser.sees_not("黄守业")


def test_record_goes_from_excel_to_approval(
    browser: Browser, school: Unit, everything: Session, tmp_path: Path
) -> None:
    # The clerk takes the teacher in and makes the account.
    browser.login("liyutong")
    lines = {PEOPLE: [WHO | FILLED]} | {name: [WHO | line] for name, line in SHEETS.items()}
    upload(browser, fill(school, tmp_path / "名册.xlsx", **lines))
    browser.sees(NAME)
    browser.find(".bar-b form button.btn-primary").click()
    browser.sees("已写入")
    browser.open("/teachers/list/")
    browser.find(f"[aria-label='选中 {NAME}']").click()
    browser.click("生成自助账号")
    browser.click("生成自助账号 1 位")
    browser.click("打印密码条")
    browser.find("[name=again_reason]").send_keys("发给本人")
    browser.find("[name=again_password]").send_keys(PASSWORD)
    browser.click("确认，继续")
    browser.sees("请把初始密码交给本人")
    browser.look("accounts")
    initial = browser.find(".strip code").text
    browser.logout()

    teacher_fills_and_submits(browser, initial)
    clerk_reports(browser)
    reviewer_passes(browser, "wangjianguo")
    county_returns_one_item(browser)
    teacher_mends_only_that(browser)
    clerk_reports(browser)
    reviewer_passes(browser, "wangjianguo")
    reviewer_passes(browser, "zhoumin")

    # The approved record is listed and exported.
    browser.login("liyutong")
    browser.open("/teachers/list/?_flt_0_status=approved")
    browser.sees(NAME)
    browser.click("导出")
    browser.wait(lambda: list(browser.downloads.glob("*.xlsx")), "the exported file")
    browser.click(NAME)
    browser.sees("审核通过")
    browser.look("approved")


def teacher_fills_and_submits(browser: Browser, initial: str) -> None:
    browser.size(*PHONE)
    browser.login(NUMBER, initial)
    for name, word in (("old", initial), ("new", "Gao-Yuan-77"), ("repeat", "Gao-Yuan-77")):
        browser.type(name, word)
    browser.find("form button.btn-primary").click()
    browser.wait(lambda: browser.path.startswith("/login"), "the login page")
    browser.login(NUMBER, "Gao-Yuan-77")
    browser.sees("还差")
    browser.look("my-begin")
    browser.open("/my/basic_info")
    browser.choose("it_skill", "2")
    browser.choose("birth_place", "530302")
    browser.sees("已自动保存")
    browser.save()
    browser.open("/my/education_history/add")
    browser.choose("education", "21")
    browser.type("education_school", "云川师范大学")
    browser.sees("已自动保存")
    # The browser is closed and opened again: nothing typed is lost.
    browser.open("/my/")
    browser.sees("没有保存")
    browser.open("/my/education_history/add")
    assert browser.find("[name=education_school]").get_attribute("value") == "云川师范大学"
    for name, word in (("major", "数学与应用数学"), ("start_month", "2010-09"), ("end_month", "201407")):
        browser.type(name, word)
    browser.find("[name=is_normal_major][value='1']").click()
    browser.choose("degree_level", "4")
    browser.choose("degree", "407")
    browser.type("degree_school", "云川师范大学")
    browser.choose("study_mode", "1")
    browser.look("my-education")
    browser.save()
    browser.open("/my/rotation")
    browser.look("my-nothing")
    browser.click("填「无」")
    browser.sees("已填「无」")
    browser.open("/my/")
    browser.sees("可以提交给学校")
    browser.click("提交给学校")
    browser.sees("已提交给学校")
    browser.look("my-submitted")
    browser.logout()
    browser.size(*DESK)


def clerk_reports(browser: Browser) -> None:
    browser.login("liyutong")
    browser.open("/teachers/list/?_flt_0_status=submitted_to_school")
    browser.click(NAME)
    browser.sees("完整度 100%")
    browser.click("报送")
    browser.sees("待学校审核")
    browser.look("reported")
    browser.logout()


def open_desk(browser: Browser, username: str) -> None:
    browser.login(username)
    browser.open("/review/list/")
    browser.click(NAME)
    browser.sees("检查与经过")


def reviewer_passes(browser: Browser, username: str) -> None:
    open_desk(browser, username)
    browser.look(f"desk-{username}")
    browser.click("通过", ".bar-b .acts")
    browser.wait(lambda: NAME not in browser.find("h1").text, "the next one in the queue")
    browser.logout()


def county_returns_one_item(browser: Browser) -> None:
    open_desk(browser, "zhoumin")
    browser.size(*PHONE)
    browser.look("desk-phone")
    browser.size(*DESK)
    key = browser.find("tr[data-item-key$='/end_month']").get_attribute("data-item-key")
    browser.driver.execute_script(
        "arguments[0].scrollIntoView({block: 'center'})", browser.find(f"tr[data-item-key='{key}']")
    )
    browser.find(f"tr[data-item-key='{key}'] .x").click()
    browser.choose(f"reason:{key}", "evidence")
    browser.type(f"note:{key}", "毕业证书上是 2014 年 6 月，请改为 2014-06。")
    browser.look("desk-refusing")
    browser.click("退回 1 项", ".bar-b .acts")
    browser.wait(lambda: NAME not in browser.find("h1").text, "the next one in the queue")
    browser.logout()


def teacher_mends_only_that(browser: Browser) -> None:
    browser.size(*PHONE)
    browser.login(NUMBER, "Gao-Yuan-77")
    browser.sees("毕业证书上是 2014 年 6 月")
    browser.look("my-returned")
    browser.open("/my/education_history")
    browser.look("my-returned-rows")
    browser.click("修改", "main")
    assert not browser.driver.find_elements("css selector", "input[name=major]"), "what was not named stays locked"
    browser.type("end_month", "2014-06")
    browser.look("my-mending")
    browser.save()
    browser.open("/my/")
    browser.click("提交给学校")
    browser.sees("已提交给学校")
    browser.logout()
    browser.size(*DESK)
