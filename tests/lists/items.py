"""Items of 云川省 that come and go."""

from typing import Any

import sqlalchemy as sa
from flask import Flask

from app.core.codes import codes
from app.core.province_items import ProvinceItem
from app.organisations.models import Unit
from tests.accounts.database import looking


def add_item(app: Flask, **facts: Any) -> ProvinceItem:
    """An item of the basic information in schools."""
    with looking(app) as session:
        province_id = session.scalars(sa.select(Unit.id).where(Unit.code == "5300000000")).one()
        made = ProvinceItem(province_id=province_id, section="basic_info", school_types="S", **facts)
        session.add(made)
        session.commit()
    codes.forget()
    return made


def retire(app: Flask, item: ProvinceItem) -> None:
    """Ask for it no more."""
    with looking(app) as session:
        session.get_one(ProvinceItem, item.id).valid_to = "2020-01-01"
        session.commit()
    codes.forget()
