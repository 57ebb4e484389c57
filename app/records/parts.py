"""Boards that hold several sections, and the item that all sections of results have."""

from sqlalchemy.orm import MappedColumn

from app.core.sections.fields import When, flag

ETHICS = "师德"
RESULTS = "教学科研成果及获奖"
SKILLS = "技能及证书"


def representative(applies_when: When | None = None) -> MappedColumn[str | None]:
    """是否是代表性成果和项目. Source: domain reference 1.11."""
    return flag("是否是代表性成果和项目", applies_when=applies_when, default="0", help="最能代表本人水平的选是。")
