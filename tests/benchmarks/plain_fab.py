"""Flask-AppBuilder's ModelView over the same rows, as its manual shows it.

    gunicorn tests.benchmarks.plain_fab:create_app()

PLAIN_ROWS: the database with the people, and a schema in it for its own tables; PLAIN_UNITS: JSON, the id of the unit
for each level; PLAIN_SEARCH: all (every column can be searched, as when nothing is said) or few (the name alone).
"""

import json
import os

from flask import Flask
from flask_appbuilder import AppBuilder, Model, ModelView
from flask_appbuilder.models.sqla.filters import FilterEqualFunction
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Column, Date, DateTime, ForeignKey, Integer, String
from sqlalchemy.orm import relationship

from tests.benchmarks.plain import CODED, COLUMNS, PAGE, PASSWORD, PLACES, username

UNITS = json.loads(os.environ.get("PLAIN_UNITS", "{}"))


class Unit(Model):
    __tablename__ = "unit"
    id = Column(Integer, primary_key=True)
    name = Column(String(100))

    def __str__(self) -> str:
        return str(self.name)


class Teacher(Model):
    __tablename__ = "teacher"
    id = Column(Integer, primary_key=True)
    name = Column(String(50))
    birth_date = Column(Date)
    id_number_tail = Column(String(4))
    status = Column(String(30))
    updated_at = Column(DateTime)
    province_id = Column(Integer)
    county_id = Column(Integer)
    unit_id = Column(Integer, ForeignKey("unit.id"))
    unit = relationship("Unit")


for coded in CODED:
    setattr(Teacher, coded, Column(String(200)))


class _TeacherView(ModelView):
    datamodel = SQLAInterface(Teacher)
    list_columns = list(COLUMNS)
    page_size = PAGE
    base_permissions = ["can_list", "can_show"]
    if os.environ.get("PLAIN_SEARCH") == "few":
        search_columns = ["name"]


class CountyView(_TeacherView):
    route_base = "/county"
    base_filters = [["county_id", FilterEqualFunction, lambda: UNITS["county"]]]


class ProvinceView(_TeacherView):
    route_base = "/province"
    base_filters = [["province_id", FilterEqualFunction, lambda: UNITS["province"]]]


class NationView(_TeacherView):
    route_base = "/nation"


def create_app() -> Flask:
    """The application; its users are made when they are missing."""
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY="plain", WTF_CSRF_ENABLED=False,
        SQLALCHEMY_DATABASE_URI=os.environ["PLAIN_ROWS"].replace("postgresql://", "postgresql+psycopg://"),
    )  # fmt: skip
    db = SQLAlchemy()
    db.init_app(app)
    with app.app_context():
        builder = AppBuilder(app, db.session)
        for view in (CountyView, ProvinceView, NationView):
            builder.add_view(view, view.__name__, category="Teachers")
        for level in PLACES:
            if builder.sm.find_user(username(level)) is None:
                role = builder.sm.find_role("Admin")
                builder.sm.add_user(username(level), "a", "b", f"{level}@example.org", role, PASSWORD)
        db.session.remove()
        db.engine.dispose()  # the processes of the server each open connections of their own
    return app
