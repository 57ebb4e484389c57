"""A photo and a certificate, from the teacher's phone to the reviewer's desk."""

import io
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from sqlalchemy.orm import Session

from app.records.access import AccessLog
from app.records.sections.education_history import EducationHistory
from app.records.teacher import Teacher
from tests import pictures
from tests.browser.conftest import DESK, PHONE, Browser

pytestmark = pytest.mark.browser


def choose(browser: Browser, css: str, *paths: Path) -> None:
    """Give files to a file field, which is hidden behind its label."""
    field = browser.driver.find_element("css selector", css)
    field.send_keys("\n".join(str(path) for path in paths))


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def middle_of_photo(app: Flask, everything: Session, teacher_id: int) -> Any:
    """The colour in the middle of the stored photo."""
    everything.rollback()
    digest = everything.get_one(Teacher, teacher_id, populate_existing=True).photo_digest
    assert digest is not None
    with Image.open(io.BytesIO(app.extensions["files"].read(digest))) as photo:
        assert photo.size == (197, 244)
        return photo.convert("RGB").getpixel((98, 122))


def degree(everything: Session, teacher: Teacher) -> int:
    here = (EducationHistory.teacher_id == teacher.id, EducationHistory.education == "21")
    found = everything.scalars(sa.select(EducationHistory.id).where(*here)).one()
    everything.rollback()
    return found


def test_photo_and_certificate_go_from_the_phone_to_the_reviewer(
    browser: Browser, app: Flask, everything: Session, teachers: list[Teacher], tmp_path: Path
) -> None:
    teacher = teachers[0]
    row = degree(everything, teacher)
    key, name, number = teacher.id, teacher.name or "", teacher.id_number or ""
    browser.size(*PHONE)
    browser.login(number)
    teacher_crops_a_photo(browser, tmp_path)
    everything.rollback()
    assert everything.get_one(Teacher, key, populate_existing=True).former_name == "无，写到一半"
    red, _, blue = middle_of_photo(app, everything, key)
    assert red > blue, "the face, not the wall"
    teacher_attaches_documents(browser, row, tmp_path)
    browser.open("/my/")
    browser.click("提交给学校")
    browser.sees("已提交给学校")
    browser.logout()
    browser.size(*DESK)
    browser.login("liyutong")
    browser.open(f"/teachers/show/{key}")
    browser.sees("毕业证书.pdf")
    browser.look("record-with-files")
    browser.click("报送")
    browser.sees("待学校审核")
    browser.logout()
    browser.login("wangjianguo")
    browser.open(f"/review/desk/{key}")
    browser.sees(name)
    reviewer_looks_at_both(browser)
    everything.rollback()
    looks = everything.scalars(sa.select(AccessLog).where(AccessLog.kind == "file")).all()
    assert {(look.actor_name, look.teacher_id) for look in looks} == {("王建国", key)}


def teacher_crops_a_photo(browser: Browser, folder: Path) -> None:
    browser.open("/my/basic_info")
    browser.look("photo-none-phone")
    browser.find("[name=former_name]").send_keys("，写到一半")
    picture = written(folder / "IMG_0001.jpg", pictures.camera(pictures.person(2400, 3200), quality=90))
    choose(browser, "[data-photo-form] [name=photo]", picture)
    stage = browser.find("[data-crop-stage]")
    browser.look("photo-crop-phone")
    ActionChains(browser.driver).drag_and_drop_by_offset(stage, 0, 20).perform()
    stage.send_keys("+", "+", "+", Keys.ARROW_UP)
    browser.look("photo-crop-moved-phone")
    browser.find("[data-crop] .btn-primary").click()
    browser.sees("照片已保存")
    browser.look("photo-saved-phone")
    assert browser.find("[name=former_name]").get_attribute("value").endswith("，写到一半"), "typing stays"
    browser.save()


def teacher_attaches_documents(browser: Browser, row: int, folder: Path) -> None:
    browser.open(f"/my/education_history/{row}")
    browser.find("[name=major]").send_keys("（师范）")
    scan = written(folder / "学位证.jpg", pictures.camera(pictures.page("Degree", 1754, 1240), 6))
    proof = written(folder / "毕业证书.pdf", pictures.pdf())
    wrong = written(folder / "名单.docx", b"PK\x03\x04 not a document of ours")
    choose(browser, "[data-file-add] [name=file]", proof, scan, wrong)
    browser.sees("只能上传 PDF、JPG、PNG")
    browser.wait(lambda: len(browser.driver.find_elements("css selector", ".file-line")) == 2, "both files")
    assert browser.find("[name=major]").get_attribute("value").endswith("（师范）"), "typing stays"
    browser.driver.execute_script("document.getElementById('files').scrollIntoView()")
    browser.look("attachments-phone")
    browser.click("查看", ".file-line:nth-child(2)")
    browser.wait(lambda: browser.find(".viewer-img").get_property("naturalHeight") > 1000, "the picture")
    browser.look("attachment-viewer-phone")
    browser.click("关闭", ".viewer")
    browser.save()
    browser.find(".clip")
    browser.look("rows-with-clip-phone")


def reviewer_looks_at_both(browser: Browser) -> None:
    browser.wait(lambda: browser.find(".rv-photo img").get_property("naturalWidth") == 197, "the photo")
    browser.look("desk-with-papers")
    browser.click("学位证.jpg", ".papers")
    browser.wait(lambda: browser.find(".rv-papers .doc-img").get_property("naturalHeight") > 1000, "the scan")
    browser.look("desk-scan")
    browser.find("[data-zoom=turn]").click()
    browser.click("毕业证书.pdf", ".papers")
    browser.wait(lambda: browser.find("iframe.doc-file").get_attribute("src"), "the PDF beside the data")
    browser.look("desk-pdf")
