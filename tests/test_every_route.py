"""Every address of the application against every kind of person: a route that is not in the table fails the build."""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from flask import Flask, url_for
from flask_appbuilder import BaseView, ModelView
from flask_appbuilder.api import BaseApi
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.core.db import db
from app.core.ui.base_view import PlainView, ScopedModelView
from app.records.sections.education_history import EducationHistory
from app.records.teacher import Teacher
from tests.conftest import Client

# The columns of the table. The teacher is the owner of `own`; shiqiao works in the county next door.
PEOPLE = {
    "nobody": "", "teacher": "own", "clerk": "liyutong", "reviewer": "wangjianguo", "query": "yizhong_query",
    "training": "yizhong_train", "school_sys": "yizhong_sys", "county": "zhoumin", "county_sys": "qinghe_sys",
    "province": "yunchuan", "stranger": "shiqiao",
}  # fmt: skip
PROBE
