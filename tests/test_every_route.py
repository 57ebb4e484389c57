"""Every address of the application against every kind of person: a route that is not in the table fails the build."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, url_for
from flask_appbuilder import ModelView
from flask_appbuilder.api import BaseApi
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.collection.comparison import WHOLE
from app.core.actor import SYSTEM
from app.core.db import utc_now
from app.core.files import FileStore
from app.core.jobs import Job
from app.core.sections.views import view_name
from app.core.ui.base_view import PlainView, ScopedModelView
from app.core.ui.saved_views import SavedView
from app.messages.models import Notice
from app.messages.operations import Message, send
from app.organisations.models import Unit
from app.records import CHILD_SECTIONS
from app.records.attachments import Attachment
from app.records.sections.education_history import EducationHistory
from app.records.teacher import Teacher
from app.spreadsheets.models import ImportPlan
from app.spreadsheets.plan_rows import PlanRow, store_rows
from tests import pictures
from tests.accounts.database import changed_tables, dump, looking
from tests.conftest import SCHOOL, STRANGE_SCHOOL, Client

# The columns of the table. The teacher is the owner of the record `own`; shiqiao works in the county next door.
PEOPLE = {
    "nobody": "", "teacher": "own", "clerk": "liyutong", "reviewer": "wangjianguo", "query": "yizhong_query",
    "training": "yizhong_train", "school_sys": "yizhong_sys", "county": "zhoumin", "county_sys": "qinghe_sys",
    "province": "yunchuan", "stranger": "shiqiao",
}  # fmt: skip

# What each of them gets for a sample that belongs to 青禾县第一中学. "in": sent to the login page.
# Addresses that end the session stand last.
#                                                       nob tea cle rev que tra ssy cou csy pro str
TABLE = """
GET  health.healthz                                     200 200 200 200 200 200 200 200 200 200 200
GET  core.static filename=css/base.css                  200 200 200 200 200 200 200 200 200 200 200
GET  appbuilder.static filename=css/bootstrap.min.css   200 200 200 200 200 200 200 200 200 200 200
GET  AuthView.alive                                     200 200 200 200 200 200 200 200 200 200 200
GET  AuthView.login                                     200 302 302 302 302 302 302 302 302 302 302
POST AuthView.captcha                                   200 200 200 200 200 200 200 200 200 200 200
GET  LookUpView.contact                                 404 404 404 404 404 404 404 404 404 404 404
POST LookUpView.contact                                 404 404 404 404 404 404 404 404 404 404 404
GET  LookUpView.password                                404 404 404 404 404 404 404 404 404 404 404
POST LookUpView.password                                404 404 404 404 404 404 404 404 404 404 404
GET  HomeView.index                                     in  302 200 200 200 200 200 200 200 200 200
GET  PasswordView.change                                in  200 200 200 200 200 200 200 200 200 200
GET  MeView.show                                        in  200 200 200 200 200 200 200 200 200 200
POST MeView.end                                         in  404 404 404 404 404 404 404 404 404 404
POST MeView.end_others                                  in  302 302 302 302 302 302 302 302 302 302
GET  MyContactView.edit                                 in  404 200 200 200 200 200 200 200 200 200
POST MyContactView.edit                                 in  404 302 302 302 302 302 302 302 302 302
GET  CodeFinderView.find table=ADMIN_DIV                in  200 200 200 200 200 200 200 200 200 200
POST ListArrangementView.columns name=TeacherView                 in  403 302 302 302 302 403 302 403 302 302
POST ListArrangementView.add name=TeacherView                     in  403 302 302 302 302 403 302 403 302 302
POST ListArrangementView.change name=TeacherView pk=view verb=update  in  403 302 404 404 404 403 404 403 404 404
GET  UnitView.list                                      in  403 200 200 200 200 200 200 200 200 200
POST UnitView.search                                    in  403 302 302 302 302 302 302 302 302 302
GET  UnitView.show pk=1                                 in  403 404 404 404 404 404 404 404 404 404
GET  UnitView.add                                       in  403 403 403 403 403 403 403 200 403 403
POST UnitView.add                                       in  403 403 403 403 403 403 403 400 403 403
GET  UnitView.edit pk=1                                 in  403 403 403 403 403 404 403 404 403 403
POST UnitView.edit pk=1                                 in  403 403 403 403 403 404 403 404 403 403
POST UnitView.state pk=1 state=retire                   in  403 403 403 403 403 404 403 404 403 403
GET  UnitChangeView.change pk=1                         in  403 403 403 403 403 404 403 404 403 403
POST UnitChangeView.change pk=1                         in  403 403 403 403 403 404 403 404 403 403
POST UnitChangeView.withdraw pk=1                       in  403 403 403 403 403 404 403 404 403 403
GET  UnitListView.start                                 in  403 403 403 403 403 403 403 200 403 403
POST UnitListView.download                              in  403 403 403 403 403 403 403 200 403 403
POST UnitListView.upload                                in  403 403 403 403 403 403 403 400 403 403
GET  UnitListView.show pk=1                             in  403 403 403 403 403 404 403 404 403 403
POST UnitListView.confirm pk=1                          in  403 403 403 403 403 404 403 404 403 403
GET  CodeTableView.list                                 in  403 200 200 200 200 200 200 200 200 200
POST CodeTableView.search                               in  403 302 302 302 302 302 302 302 302 302
GET  CodeTableView.add                                  in  403 403 403 403 403 403 403 403 403 403
POST CodeTableView.add                                  in  403 403 403 403 403 403 403 403 403 403
GET  CodeTableView.edit pk=1                            in  403 403 403 403 403 403 403 403 403 403
POST CodeTableView.edit pk=1                            in  403 403 403 403 403 403 403 403 403 403
GET  DepartmentView.list                                in  403 200 403 403 403 200 403 403 403 403
GET  DepartmentView.add                                 in  403 200 403 403 403 200 403 403 403 403
POST DepartmentView.add                                 in  403 400 403 403 403 400 403 403 403 403
GET  DepartmentView.edit pk=1                           in  403 404 403 403 403 404 403 403 403 403
POST DepartmentView.edit pk=1                           in  403 404 403 403 403 404 403 403 403 403
POST DepartmentView.state pk=1 state=retire             in  403 404 403 403 403 404 403 403 403 403
GET  StandInView.list                                   in  403 200 200 403 403 200 200 200 200 200
GET  StandInView.add                                    in  403 200 200 403 403 200 200 200 200 200
POST StandInView.add                                    in  403 400 400 403 403 400 400 400 400 400
GET  StandInView.edit pk=1                              in  403 404 404 403 403 404 404 404 404 404
POST StandInView.edit pk=1                              in  403 404 404 403 403 404 404 404 404 404
POST StandInView.end pk=1                               in  403 404 404 403 403 404 404 404 404 404
GET  ReasonView.list                                    in  403 200 403 403 403 200 200 200 200 200
GET  ReasonView.add                                     in  403 200 403 403 403 200 200 200 200 200
POST ReasonView.add                                     in  403 400 403 403 403 400 400 400 400 400
GET  ReasonView.edit pk=1                               in  403 404 403 403 403 404 404 404 404 404
POST ReasonView.edit pk=1                               in  403 404 403 403 403 404 404 404 404 404
POST ReasonView.state pk=1 state=retire                 in  403 404 403 403 403 404 404 404 404 404
GET  AccountView.list                                   in  403 403 403 403 403 200 403 200 403 403
POST AccountView.search                                 in  403 403 403 403 403 302 403 302 403 403
GET  AccountView.add                                    in  403 403 403 403 403 200 403 200 403 403
POST AccountView.add                                    in  403 403 403 403 403 400 403 400 403 403
GET  AccountView.add_lower                              in  403 403 403 403 403 404 403 200 403 403
POST AccountView.add_lower                              in  403 403 403 403 403 404 403 400 403 403
GET  AccountView.edit pk=clerk                          in  403 403 403 403 403 200 403 404 403 403
POST AccountView.edit pk=clerk                          in  403 403 403 403 403 302 403 404 403 403
POST AccountView.verb pk=clerk name=enable              in  403 403 403 403 403 409 403 404 403 403
POST AccountView.reset pk=clerk                         in  403 403 403 403 403 200 403 404 403 403
GET  LookUpChoiceView.edit                              in  403 403 403 403 403 200 403 404 403 403
POST LookUpChoiceView.edit                              in  403 403 403 403 403 302 403 404 403 403
GET  RoleView.show                                      in  403 403 403 403 403 200 403 200 403 403
GET  AccountImportView.start                            in  403 403 403 403 403 200 403 200 403 403
POST AccountImportView.template                         in  403 403 403 403 403 200 403 200 403 403
POST AccountImportView.upload                           in  403 403 403 403 403 400 403 400 403 403
GET  AccountImportView.show pk=1                        in  403 403 403 403 403 404 403 404 403 403
POST AccountImportView.confirm pk=1                     in  403 403 403 403 403 404 403 404 403 403
GET  TeacherAccountView.list                            in  403 200 403 403 403 200 403 403 403 403
POST TeacherAccountView.search                          in  403 302 403 403 403 302 403 403 403 403
POST TeacherAccountView.batch                           in  403 400 403 403 403 400 403 403 403 403
POST TeacherAccountView.export                          in  403 200 403 403 403 200 403 403 403 403
GET  ProvinceItemView.list                              in  403 403 403 403 403 403 403 403 403 403
POST ProvinceItemView.search                            in  403 403 403 403 403 403 403 403 403 403
GET  ProvinceItemView.add                               in  403 403 403 403 403 403 403 403 403 403
POST ProvinceItemView.add                               in  403 403 403 403 403 403 403 403 403 403
GET  ProvinceItemView.edit pk=1                         in  403 403 403 403 403 403 403 403 403 403
POST ProvinceItemView.edit pk=1                         in  403 403 403 403 403 403 403 403 403 403
POST ProvinceItemView.state pk=1 state=retire           in  403 403 403 403 403 403 403 403 403 403
GET  ProvinceRuleView.list                              in  403 403 403 403 403 403 403 403 403 403
GET  ProvinceRuleView.add                               in  403 403 403 403 403 403 403 403 403 403
POST ProvinceRuleView.add                               in  403 403 403 403 403 403 403 403 403 403
GET  ProvinceRuleView.edit pk=1                         in  403 403 403 403 403 403 403 403 403 403
POST ProvinceRuleView.edit pk=1                         in  403 403 403 403 403 403 403 403 403 403
POST ProvinceRuleView.drop pk=1                         in  403 403 403 403 403 403 403 403 403 403
GET  CodeView.list                                      in  403 200 200 200 200 200 200 200 200 200
POST CodeView.search                                    in  403 302 302 302 302 302 302 302 302 302
POST CodeView.export table=MARITAL                      in  403 200 200 200 200 200 200 200 200 200
GET  CodeView.add table=MARITAL                         in  403 403 403 403 403 403 403 403 403 403
POST CodeView.add table=MARITAL                         in  403 403 403 403 403 403 403 403 403 403
GET  CodeView.edit pk=1                                 in  403 403 403 403 403 403 403 403 403 403
POST CodeView.edit pk=1                                 in  403 403 403 403 403 403 403 403 403 403
POST CodeView.state pk=1 state=retire                   in  403 403 403 403 403 403 403 403 403 403
GET  CodeVersionView.start about=MARITAL                in  403 403 403 403 403 403 403 403 403 403
POST CodeVersionView.upload about=MARITAL               in  403 403 403 403 403 403 403 403 403 403
GET  CodeVersionView.show about=MARITAL pk=1            in  403 403 403 403 403 403 403 403 403 403
POST CodeVersionView.confirm about=MARITAL pk=1         in  403 403 403 403 403 403 403 403 403 403
GET  TeacherView.list                                   in  403 200 200 200 200 403 200 403 200 200
POST TeacherView.search                                 in  403 302 302 302 302 403 302 403 302 302
POST TeacherView.export                                 in  403 200 403 200 403 403 200 403 200 200
GET  TeacherView.show pk=draft                          in  403 200 200 200 200 403 200 403 200 404
GET  TeacherView.reveal pk=draft                        in  403 200 200 403 403 403 200 403 200 404
POST TeacherView.reveal pk=draft                        in  403 200 200 403 403 403 200 403 200 404
POST RecordPrintView.pdf pk=draft                       in  403 200 200 200 200 403 200 403 200 404
GET  TeacherView.add                                    in  403 200 403 403 403 403 403 403 403 403
POST TeacherView.add                                    in  403 400 403 403 403 403 403 403 403 403
GET  TeacherView.edit pk=draft                          in  403 200 403 403 403 403 403 403 403 403
POST TeacherView.draft ?pk=draft                        401 403 200 403 403 403 403 403 403 403 403
POST TeacherView.drop ?pk=draft                         in  403 302 403 403 403 403 403 403 403 403
POST TeacherView.edit pk=draft                          in  403 302 403 403 403 403 403 403 403 403
GET  TeacherView.row_add pk=draft name=child            in  403 200 403 403 403 403 403 403 403 403
POST TeacherView.row_add pk=draft name=child            in  403 302 403 403 403 403 403 403 403 403
GET  TeacherView.row_edit pk=draft name=child row_id=draft   in  403 200 403 403 403 403 403 403 403 403
POST TeacherView.row_edit pk=draft name=child row_id=draft   in  403 302 403 403 403 403 403 403 403 403
GET  AttachmentView.show file_id=draft                  in  403 200 200 403 403 403 200 403 200 404
GET  AttachmentView.save file_id=draft                  in  403 200 200 403 403 403 200 403 200 404
GET  AttachmentView.thumb file_id=draft                 in  403 200 200 403 403 403 200 403 200 404
POST AttachmentView.add pk=second name=child row_id=second   in  403 302 403 403 403 403 403 403 403 403
POST AttachmentView.delete file_id=second               in  403 302 403 403 403 403 403 403 403 403
GET  PhotoView.show pk=draft                            in  403 200 200 200 200 403 200 403 200 404
POST PhotoView.upload pk=second                         in  403 302 403 403 403 403 403 403 403 403
POST PhotoView.delete pk=second                         in  403 302 403 403 403 403 403 403 403 403
GET  PhotoBatchView.start                               in  403 200 403 403 403 403 403 403 403 403
POST PhotoBatchView.upload                              in  403 200 403 403 403 403 403 403 403 403
POST TeacherView.step pk=second name=report             in  403 302 403 403 403 403 403 403 403 403
POST TeacherView.row_delete pk=third name=child row_id=third in  403 302 403 403 403 403 403 403 403 403
POST TeacherView.none pk=third name=award say=1            in  403 302 403 403 403 403 403 403 403 403
POST TeacherView.delete pk=fourth                       in  403 302 403 403 403 403 403 403 403 403
POST TeacherView.batch                                  in  403 302 403 403 403 403 403 403 403 403
GET  TeacherView.asked batch_id=none                    in  403 404 404 404 404 403 404 403 404 404
POST TeacherView.strips batch_id=none                   in  403 200 200 200 200 403 200 403 200 200
POST TeacherView.run batch_id=none                      in  403 404 404 404 404 403 404 403 404 404
GET  ReviewQueueView.list                               in  403 200 200 403 403 403 200 403 200 200
POST ReviewQueueView.search                             in  403 302 302 403 403 403 302 403 302 302
POST ReviewQueueView.batch                              in  403 302 302 403 403 403 302 403 302 404
GET  ReviewQueueView.asked batch_id=none                in  403 404 404 403 403 403 404 403 404 404
POST ReviewQueueView.run batch_id=none                  in  403 404 404 403 403 403 404 403 404 404
GET  ReviewView.desk pk=waiting                         in  403 200 200 403 403 403 200 403 200 404
POST ReviewView.draft pk=waiting                        401 403 409 200 403 403 403 409 403 409 404
GET  ReviewView.approve pk=waiting                      in  403 200 200 403 403 403 200 403 200 404
POST ReviewView.approve pk=waiting                      in  403 409 302 403 403 403 409 403 409 404
GET  ReviewView.send_back pk=waiting2                   in  403 200 200 403 403 403 200 403 200 404
POST ReviewView.send_back pk=waiting2                   in  403 409 403 403 403 403 409 403 409 404
POST ReviewView.take_back pk=waiting2                   in  403 403 403 403 403 403 403 403 403 404
GET  ReviewView.reject pk=waiting2                      in  403 200 200 403 403 403 200 403 200 404
POST ReviewView.reject pk=waiting2                      in  403 409 302 403 403 403 409 403 409 404
GET  ProgressView.show                                  in  403 200 200 200 200 403 200 403 200 200
GET  ProgressView.export                                in  403 200 200 200 200 403 200 403 200 200
GET  StructureView.show                                 in  403 200 200 200 200 403 200 403 200 200
POST StructureView.count pk=1                           in  403 404 404 404 404 403 404 403 404 404
GET  ChainView.edit                                     in  403 403 403 403 403 403 403 403 200 403
POST ChainView.edit                                     in  403 403 403 403 403 403 403 403 302 403
GET  RoundView.list                                     in  403 200 200 200 200 200 200 200 200 200
GET  RoundView.add                                      in  403 403 403 403 403 403 200 200 200 200
POST RoundView.add                                      in  403 403 403 403 403 403 400 400 400 400
GET  RoundView.edit pk=1                                in  403 403 403 403 403 403 404 404 404 404
POST RoundView.edit pk=1                                in  403 403 403 403 403 403 404 404 404 404
POST RoundView.drop pk=1                                in  403 403 403 403 403 403 404 404 404 404
GET  ReportingChoiceView.edit                           in  403 403 403 403 403 403 404 404 200 404
POST ReportingChoiceView.edit                           in  403 403 403 403 403 403 404 404 302 404
GET  LateSchoolView.list                                in  403 403 403 403 403 403 200 200 200 200
POST LateSchoolView.search                              in  403 403 403 403 403 403 302 302 302 302
POST LateSchoolView.batch                               in  403 403 403 403 403 403 400 400 400 400
GET  NoticeView.list                                    in  200 200 200 200 200 200 200 200 200 200
POST NoticeView.open pk=notice                          in  404 302 404 404 404 404 404 404 404 404
POST NoticeView.open_all                                in  302 302 302 302 302 302 302 302 302 302
GET  ImportView.start                                   in  403 200 403 403 403 403 403 403 403 403
GET  ImportView.show pk=plan                            in  403 200 403 403 403 403 403 403 403 403
GET  ImportView.state pk=plan                           in  403 200 403 403 403 403 403 403 403 403
POST ImportView.template                                in  403 200 403 403 403 403 403 403 403 403
POST ImportView.upload                                  in  403 400 403 403 403 403 403 403 403 403
POST ImportView.errors pk=plan2                         in  403 200 403 403 403 403 403 403 403 403
POST ImportView.confirm pk=plan                         in  403 302 403 403 403 403 403 403 403 403
POST ImportView.undo pk=plan                            in  403 302 403 403 403 403 403 403 403 403
POST ImportView.discard pk=plan2                        in  403 302 403 403 403 403 403 403 403 403
GET  JobView.list                                       in  403 200 200 200 200 200 200 200 200 200
GET  JobView.state                                      in  403 200 200 200 200 200 200 200 200 200
GET  JobView.result pk=job                              in  403 200 404 404 404 404 404 404 404 404
POST JobView.cancel pk=job                              in  403 302 404 404 404 404 404 404 404 404
POST JobView.retry pk=job                               in  403 302 404 404 404 404 404 404 404 404
GET  MyView.overview                                    in  200 403 403 403 403 403 403 403 403 403
GET  MyView.section name=basic_info                     in  200 403 403 403 403 403 403 403 403 403
POST MyView.draft ?name=basic_info                      401 200 403 403 403 403 403 403 403 403 403
POST MyView.drop ?name=basic_info                       in  302 403 403 403 403 403 403 403 403 403
POST MyView.save name=basic_info                        in  302 403 403 403 403 403 403 403 403 403
GET  MyView.row_add name=child                          in  200 403 403 403 403 403 403 403 403 403
POST MyView.row_add name=child                          in  302 403 403 403 403 403 403 403 403 403
GET  MyView.row name=child row_id=own                   in  200 403 403 403 403 403 403 403 403 403
POST MyView.row_save name=child row_id=own              in  302 403 403 403 403 403 403 403 403 403
POST OwnRecordPrintView.pdf                             in  200 403 403 403 403 403 403 403 403 403
GET  MyAttachmentView.show file_id=own                  in  200 403 403 403 403 403 403 403 403 403
GET  MyAttachmentView.save file_id=own                  in  200 403 403 403 403 403 403 403 403 403
GET  MyAttachmentView.thumb file_id=own                 in  200 403 403 403 403 403 403 403 403 403
POST MyAttachmentView.add name=child row_id=own         in  302 403 403 403 403 403 403 403 403 403
POST MyAttachmentView.delete file_id=own                in  302 403 403 403 403 403 403 403 403 403
GET  MyPhotoView.show                                   in  200 403 403 403 403 403 403 403 403 403
POST MyPhotoView.upload                                 in  302 403 403 403 403 403 403 403 403 403
POST MyPhotoView.delete                                 in  302 403 403 403 403 403 403 403 403 403
POST MyView.submit                                      in  302 403 403 403 403 403 403 403 403 403
POST MyView.recall                                      in  302 403 403 403 403 403 403 403 403 403
POST MyView.row_delete name=child row_id=own            in  302 403 403 403 403 403 403 403 403 403
POST MyView.none name=award say=1                           in  302 403 403 403 403 403 403 403 403 403
POST AuthView.login                                     400 400 400 400 400 400 400 400 400 400 400
POST PasswordView.change                                in  400 400 400 400 400 400 400 400 400 400
POST AuthView.logout                                    in  in  in  in  in  in  in  in  in  in  in
"""
# One list for each section of the record, all alike.
LISTS = "".join(
    f"""
GET  {view_name(section)}.list     in  403 200 200 200 200 403 200 403 200 200
POST {view_name(section)}.search   in  403 302 302 302 302 403 302 403 302 302
POST {view_name(section)}.export   in  403 200 403 200 403 403 200 403 200 200
"""
    for section in CHILD_SECTIONS
)

CHILD = {"education": "61", "education_country": "156", "education_school": "青禾县第一中学", "major": "无",
         "degree_level": "0", "study_mode": "1", "is_normal_major": "0"}  # fmt: skip
PDF, PORTRAIT = pictures.pdf(), pictures.saved(pictures.person(300, 400))
REFUSED = {f"verdict:{WHOLE}": "refused", f"reason:{WHOLE}": "other", f"note:{WHOLE}": "请重填"}


@dataclass(frozen=True)
class Route:
    """One line of the table."""

    method: str
    endpoint: str
    arguments: dict[str, str]
    query: dict[str, str]
    expected: dict[str, str]

    @property
    def key(self) -> tuple[str, str]:
        return (self.method, self.endpoint)


def read_table() -> list[Route]:
    routes = []
    for line in filter(None, (LISTS + TABLE).splitlines()):
        method, endpoint, *rest = line.split()
        statuses = rest[-len(PEOPLE) :]
        named = dict(part.split("=") for part in rest[: -len(PEOPLE)])
        path = {name: value for name, value in named.items() if not name.startswith("?")}
        query = {name[1:]: value for name, value in named.items() if name.startswith("?")}
        routes.append(Route(method, endpoint, path, query, dict(zip(PEOPLE, statuses, strict=True))))
    return routes


ROUTES = read_table()
READING = [route for route in ROUTES if route.method == "GET"]
WRITING = [route for route in ROUTES if route.method == "POST"]


@dataclass(frozen=True)
class Sample:
    """A teacher: key, version, ID number, a row of the education history, an attachment of it."""

    pk: int
    version: int
    number: str
    row: int
    row_version: int
    file: int = 0


class Samples:
    """Teachers by the part they play, and how an address of the table becomes a request."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        with looking(app) as session:
            own, foreign = staff(session, SCHOOL), staff(session, STRANGE_SCHOOL)
            have = set(session.scalars(sa.select(Account.teacher_id)))
            free = [t for t in own if t.status == "draft" and t.id not in have]
            at_school = [t for t in own if t.status == "in_review" and t.waiting_unit.level == "school"]
            named = dict(zip(("draft", "second", "third", "fourth"), free, strict=False))
            named |= {"own": own[0], "waiting": at_school[0], "waiting2": at_school[1], "waiting3": at_school[2]}
            store = app.extensions["files"]
            self.own = {name: sample(session, teacher, store) for name, teacher in named.items()}
            strange = [sample(session, teacher, store) for teacher in foreign]
            self.foreign = dict(zip(self.own, strange, strict=False))
            for people, unit_id in ((self.own, own[0].unit_id), (self.foreign, foreign[0].unit_id)):
                people |= {name: plan(session, unit_id) for name in ("plan", "plan2")}
                people["job"] = job(session, PEOPLE["clerk" if people is self.own else "stranger"], unit_id, store)
                wrong_row(session, session.get_one(ImportPlan, people["plan2"].pk))
                login = {SCHOOL: "wangjianguo"}.get(session.get_one(Unit, unit_id).code, "shiqiao1")
                people["clerk"] = person(session, login)
                people["view"] = saved_view(session, PEOPLE["clerk" if people is self.own else "stranger"])
                people["notice"] = notice(session, PEOPLE["clerk" if people is self.own else "stranger"])
            session.commit()

    def value(self, name: str, said: str, people: dict[str, Sample]) -> str:
        if said == "child":
            return "education_history"
        if said not in people:
            return said
        shown = people[said]
        return str({"row_id": shown.row, "file_id": shown.file}.get(name, shown.pk))

    def url(self, route: Route, people: dict[str, Sample] | None = None) -> str:
        people = people or self.own
        named = {n: self.value(n, said, people) for n, said in (route.arguments | route.query).items()}
        with self.app.test_request_context():
            return url_for(route.endpoint, **named)

    def form(self, route: Route) -> dict[str, Any]:
        """What is posted, so that the right person gets past the checks of the form."""
        own = self.own
        waits = own["waiting3"]
        known: dict[str, dict[str, Any]] = {
            "TeacherView.edit": {"version": own["draft"].version, "remark": "备注"},
            "TeacherView.reveal": {"reason": "check"},
            "TeacherView.row_add": CHILD,
            "TeacherView.row_edit": CHILD | {"version": own["draft"].row_version},
            "TeacherView.batch": {"action": "report", "rowid": own["second"].pk},
            "AttachmentView.add": {"file": (io.BytesIO(PDF), "a.pdf")},
            "MyAttachmentView.add": {"file": (io.BytesIO(PDF), "a.pdf")},
            "PhotoView.upload": {"photo": (io.BytesIO(PORTRAIT), "a.jpg")},
            "MyPhotoView.upload": {"photo": (io.BytesIO(PORTRAIT), "a.jpg")},
            "PhotoBatchView.upload": {"archive": (io.BytesIO(pictures.archive({"1.jpg": PORTRAIT})), "a.zip")},
            "ListArrangementView.columns": {"column": "gender"},
            "ListArrangementView.add": {"name": "女教师"},
            "MyView.save": {"version": own["own"].version, "former_name": "小明"},
            "MyView.row_add": CHILD,
            "MyView.row_save": CHILD | {"version": own["own"].row_version},
            "ReviewQueueView.batch": {"action": "approve", "rowid": waits.pk},
            "ReviewView.approve": {"version": own["waiting"].version},
            "ReviewView.reject": {"version": own["waiting2"].version, **REFUSED},
            "ReviewView.send_back": {"version": own["waiting2"].version, "comment": "请再看"},
        }
        return known.get(route.endpoint, {"q": "陈"} if route.endpoint.endswith(".search") else {})

    def send(self, client: Client, route: Route, token: str, people: dict[str, Sample] | None = None) -> Any:
        url = self.url(route, people)
        if route.method == "GET":
            return client.get(url)
        if route.endpoint.endswith(".draft"):
            shown = self.own[{"TeacherView": "draft", "MyView": "own"}.get(route.endpoint.split(".")[0], "waiting")]
            payload = {"values": {}, "version": shown.version}
            return client.client.post(url, json=payload, headers={"X-CSRFToken": token})
        return client.client.post(url, data=self.form(route) | ({"csrf_token": token} if token else {}))


def staff(session: Session, code: str) -> list[Teacher]:
    query = sa.select(Teacher).join(Unit, Teacher.unit_id == Unit.id).where(Unit.code == code)
    return list(session.scalars(query.order_by(Teacher.id)))


def sample(session: Session, teacher: Teacher, store: FileStore) -> Sample:
    query = sa.select(EducationHistory).where(EducationHistory.teacher_id == teacher.id)
    row = session.scalars(query.order_by(EducationHistory.id)).first()
    assert row is not None and teacher.id_number is not None
    small = store.put(PORTRAIT)
    file = Attachment(
        teacher_id=teacher.id, section="education_history", row_id=row.id, name="a.jpg", media_type="image/jpeg",
        size=1, digest=small, thumb_digest=small, uploaded_by="", uploaded_at=utc_now(),
    )  # fmt: skip
    session.add(file)
    teacher.photo_digest = small
    session.flush()
    return Sample(teacher.id, teacher.version, teacher.id_number, row.id, row.version, file.id)


def person(session: Session, login: str) -> Sample:
    """Somebody's account."""
    key = session.scalars(sa.select(Account.id).where(Account.username == login)).one()
    return Sample(key, 0, "", 0, 0)


def plan(session: Session, unit_id: int) -> Sample:
    """An import that waits."""
    names = {
        "user_id": 0,
        "user_name": "",
        "file_name": "x.xlsx",
        "file_digest": "",
        "mode": "append",
        "status": "planned",
    }
    made = ImportPlan(unit_id=unit_id, created_at=utc_now(), notes=[], **names)
    session.add(made)
    session.flush()
    return Sample(made.id, 0, "", 0, 0)


def job(session: Session, username: str, unit_id: int, store: FileStore) -> Sample:
    """A finished job with its result."""
    owner_id = session.scalars(sa.select(Account.id).where(Account.username == username)).one()
    made = Job(
        kind="export_list", title="导出", parameters={}, owner_id=owner_id, unit_id=unit_id, status="done",
        created_at=utc_now(), result_digest=store.put(PDF), result_name="a.xlsx",
    )  # fmt: skip
    session.add(made)
    session.flush()
    return Sample(made.id, 0, "", 0, 0)


def notice(session: Session, username: str) -> Sample:
    """Something that one person was told."""
    account = session.scalars(sa.select(Account).where(Account.username == username)).one()
    assert account.unit is not None
    message = Message(account.unit, "test", "请看一看。", "TeacherView.list", account_id=account.id)
    send(session, SYSTEM, [message], utc_now())
    session.flush()
    return Sample(session.scalars(sa.select(sa.func.max(Notice.id))).one(), 0, "", 0, 0)


def saved_view(session: Session, username: str) -> Sample:
    """A saved view of the teachers."""
    owner_id = session.scalars(sa.select(Account.id).where(Account.username == username)).one()
    content = {"filters": {}, "order": "", "direction": "", "size": 50, "columns": [], "labels": {}}
    made = SavedView(
        list_name="TeacherView", owner=f"user:{owner_id}", name="在编", content=content, changed_by="",
        changed_at=utc_now(),
    )  # fmt: skip
    session.add(made)
    session.flush()
    return Sample(made.id, 0, "", 0, 0)


def wrong_row(session: Session, plan: ImportPlan) -> None:
    """A row with an error, for the file that marks them."""
    error = {"identifier": "basic_info.name", "column": "A", "message": "「姓名」要先填。"}
    row = PlanRow("基本信息", "basic_info", "error", 3, "create", "", "", errors=[error])
    store_rows(session, plan.id, session.get_one(Unit, plan.unit_id).scope_ids, [row])


@pytest.fixture
def samples(app: Flask) -> Samples:
    return Samples(app)


@pytest.fixture
def enter(client_as: Callable[[str], Client], samples: Samples) -> Callable[[str], Client]:
    """`enter("clerk")`: a browser with that person's session."""
    return lambda person: client_as(samples.own["own"].number if person == "teacher" else PEOPLE[person])


def told(response: Any) -> str:
    """The status as the table writes it. Closes the answer: some are open files."""
    response.close()
    to_login = response.status_code == 302 and response.location.startswith("/login/")
    return "in" if to_login else str(response.status_code)


# ── the table ──


def test_every_route_is_in_the_table(app: Flask) -> None:
    there = {(m, rule.endpoint) for rule in app.url_map.iter_rules() for m in (rule.methods or set()) & {"GET", "POST"}}
    listed = [route.key for route in ROUTES]
    assert sorted(there - set(listed)) == []
    assert sorted(set(listed) - there) == []
    assert len(listed) == len(set(listed))


def test_no_route_takes_other_methods(app: Flask) -> None:
    known = {"GET", "HEAD", "OPTIONS", "POST"}
    assert {rule.endpoint: rule.methods for rule in app.url_map.iter_rules() if (rule.methods or set()) - known} == {}


@pytest.mark.parametrize("person", PEOPLE)
def test_every_read_answers_as_declared_and_changes_nothing(
    app: Flask, samples: Samples, enter: Callable[[str], Client], person: str
) -> None:
    client, before = enter(person), dump(app)
    got = {route.endpoint: told(samples.send(client, route, "")) for route in READING}
    assert differences(got, {route.endpoint: route.expected[person] for route in READING}) == {}
    assert changed_tables(before, dump(app)) == []


@pytest.mark.parametrize("person", PEOPLE)
def test_every_write_answers_as_declared_and_a_refused_one_changes_nothing(
    app: Flask, samples: Samples, enter: Callable[[str], Client], person: str
) -> None:
    client = enter(person)
    token, got, changed = client.token(), {}, {}
    after = dump(app)
    for route in WRITING:
        before = after
        got[route.endpoint] = told(samples.send(client, route, token))
        after = dump(app)
        if got[route.endpoint] not in ("200", "302", "in") or person == "nobody":
            changed[route.endpoint] = [*changed_tables(before, after)]
    assert differences(got, {route.endpoint: route.expected[person] for route in WRITING}) == {}
    # A refused form is kept as a draft, so that nothing typed is lost.
    assert {name: tables for name, tables in changed.items() if set(tables) - {"draft"}} == {}


def test_a_change_of_any_table_is_seen(app: Flask) -> None:
    before = dump(app)
    with looking(app) as session:
        session.execute(sa.update(Unit).where(Unit.code == SCHOOL).values(name="青禾县第二中学"))
        assert changed_tables(before, dump(app)) == []
        session.commit()
    after = dump(app)
    assert (changed_tables(before, after), changed_tables(after, dump(app))) == (["unit"], [])


def differences(got: dict[str, str], expected: dict[str, str]) -> dict[str, str]:
    return {name: f"{got[name]} instead of {expected[name]}" for name in got if got[name] != expected[name]}


@pytest.mark.parametrize("person", ["clerk", "reviewer", "query", "training", "county"])
def test_a_foreign_record_is_not_found(
    app: Flask, samples: Samples, enter: Callable[[str], Client], person: str
) -> None:
    client = enter(person)
    token, before = client.token(), dump(app)
    keyed = [r for r in ROUTES if {"pk", "file_id"} & {*r.arguments, *r.query} and r.expected[person] != "403"]
    got = {route.key: told(samples.send(client, route, token, samples.foreign)) for route in keyed}
    assert len(got) >= 1
    assert {key: status for key, status in got.items() if status != "404"} == {}
    assert changed_tables(before, dump(app)) == []


def test_a_row_of_another_teacher_is_not_found_under_ones_own(
    app: Flask, samples: Samples, enter: Callable[[str], Client]
) -> None:
    client = enter("teacher")
    token, before = client.token(), dump(app)
    with_row = [r for r in ROUTES if r.endpoint.startswith("My") and {"row_id", "file_id"} & set(r.arguments)]
    got = [told(samples.send(client, route, token, samples.own | {"own": samples.own["draft"]})) for route in with_row]
    assert got == ["404"] * len(with_row)
    assert changed_tables(before, dump(app)) == []


KEYS = ["0", "-1", "1.5", "x", "%00", "１", "²", "9" * 30, "2147483648", "1%20OR%201=1", "..%2F1"]


@pytest.mark.parametrize("key", KEYS)
def test_a_malformed_key_is_not_found(samples: Samples, enter: Callable[[str], Client], key: str) -> None:
    client = enter("clerk")
    token, got = client.token(), {}
    for route in ROUTES:
        if not {"pk", "row_id", "file_id"} & set(route.arguments) or route.expected["clerk"] == "403":
            continue
        name = next(name for name in ("row_id", "pk", "file_id") if name in route.arguments)
        marked = samples.url(Route(route.method, route.endpoint, route.arguments | {name: "KEY"}, {}, {}))
        url = marked.replace("KEY", key)
        response = client.get(url) if route.method == "GET" else client.client.post(url, data={"csrf_token": token})
        got[route.key] = told(response)
    assert {where: status for where, status in got.items() if status not in ("404", "400", "405")} == {}


# ── methods and tokens ──


@pytest.mark.parametrize("person", ["clerk", "teacher", "reviewer"])
def test_get_of_a_route_that_writes_is_refused(
    app: Flask, samples: Samples, enter: Callable[[str], Client], person: str
) -> None:
    client = enter(person)
    before, got = dump(app), {}
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()):
            path = re.sub(r"<[^>]+>", "1", rule.rule)
            got[path] = client.get(path).status_code
    # The last part of such an address may also be the placeholder of a page, like /my/<name>; there is no such page.
    pages = {path: got.pop(path) for path in list(got) if is_page(app, path)}
    assert {path: status for path, status in got.items() if status != 405} == {}
    assert {path: status for path, status in pages.items() if status not in (302, 403, 404)} == {}
    assert changed_tables(before, dump(app)) == []


def is_page(app: Flask, path: str) -> bool:
    return bool(app.url_map.bind("").test(path, method="GET"))


@pytest.mark.parametrize("person", ["clerk", "teacher", "reviewer", "county"])
def test_no_write_without_a_token(app: Flask, samples: Samples, enter: Callable[[str], Client], person: str) -> None:
    client = enter(person)
    got, changed = {}, {}
    for route in WRITING:
        before = dump(app)
        got[route.endpoint] = samples.send(client, route, "").status_code
        changed[route.endpoint] = changed_tables(before, dump(app))
    assert {endpoint: status for endpoint, status in got.items() if status != 400} == {}
    assert {endpoint: tables for endpoint, tables in changed.items() if tables} == {}


def test_the_token_of_another_session_is_refused(app: Flask, samples: Samples, enter: Callable[[str], Client]) -> None:
    client, token = enter("clerk"), enter("reviewer").token()
    before = dump(app)
    assert {samples.send(client, route, token).status_code for route in WRITING} == {400}
    assert changed_tables(before, dump(app)) == []


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
@pytest.mark.parametrize("person", ["clerk", "teacher", "reviewer"])
def test_head_and_options_change_nothing(
    app: Flask, samples: Samples, enter: Callable[[str], Client], person: str, method: str
) -> None:
    client = enter(person)
    before = dump(app)
    got = {route.key: told(client.client.open(samples.url(route), method=method)) for route in ROUTES}
    assert changed_tables(before, dump(app)) == []
    assert {key: status for key, status in got.items() if status.startswith("5")} == {}


# ── the views themselves ──


def test_every_view_derives_from_our_base(app: Flask) -> None:
    views = [type(view) for view in app.appbuilder.baseviews]  # type: ignore[attr-defined]
    assert len(views) >= 10
    assert [view.__name__ for view in views if not issubclass(view, PlainView | ScopedModelView)] == []
    assert [view.__name__ for view in views if ModelView in view.__bases__ and view is not ScopedModelView] == []


def test_there_is_no_rest_interface(app: Flask) -> None:
    views = app.appbuilder.baseviews  # type: ignore[attr-defined]
    assert [view for view in views if isinstance(view, BaseApi)] == []
    rules = [rule.rule for rule in app.url_map.iter_rules()]
    assert [rule for rule in rules if rule.startswith(("/api", "/swagger", "/users", "/roles", "/registeruser"))] == []


@pytest.mark.parametrize(
    "path",
    ["/api/v1/security/login", "/api/v1/_openapi", "/swagger/v1", "/users/list/", "/roles/list/", "/permissions/list/",
     "/resetpassword/form", "/resetmypassword/form", "/userinfoeditview/form", "/lang/en", "/back"],
)  # fmt: skip
def test_screens_that_are_not_offered_are_not_there(client_as: Callable[[str], Client], path: str) -> None:
    assert client_as("liyutong").get(path).status_code == 404
    assert client_as("liyutong").post(path).status_code in (404, 405)


def test_every_list_declares_filters_and_order(app: Flask) -> None:
    lists = [v for v in app.appbuilder.baseviews if isinstance(v, ScopedModelView)]  # type: ignore[attr-defined]
    assert len(lists) >= 4
    for view in lists:
        assert isinstance(view.search_columns, list) and isinstance(view.order_columns, list), view
        assert not [name for name in (*view.search_columns, *view.order_columns) if "." in name], view
        secret = {"id_number", "id_number_hash", "id_number_tail", "phone_hash", "mobile_hash", "password"}
        assert not secret & {*view.search_columns, *view.order_columns}, view
        assert view.base_filters in (None, []), "rows are limited by the session's scope"


def test_a_list_without_declarations_refuses_to_start(app: Flask) -> None:
    class Careless(ScopedModelView):
        datamodel = next(
            v.datamodel
            for v in app.appbuilder.baseviews  # type: ignore[attr-defined]
            if isinstance(v, ScopedModelView)
        )

    with app.app_context(), pytest.raises(RuntimeError, match="search_columns"):
        Careless()
