"""Boards that hold several sections, and the items that several sections share."""

from typing import Any

from sqlalchemy.orm import MappedColumn

from app.core.sections.fields import When, flag, text

ETHICS = "师德"
RESULTS = "教学科研成果及获奖"
SKILLS = "技能及证书"
OTHER_DISCIPLINE = When("discipline", among=("99",))


def representative(applies_when: When | None = None) -> MappedColumn[str | None]:
    """是否是代表性成果和项目. Source: domain reference 1.11."""
    return flag(
        "是否是代表性成果和项目",
        applies_when=applies_when,
        default="0",
        help="最能代表您水平的几项选「是」，不要全选。",
    )


def other_discipline(**options: Any) -> MappedColumn[str | None]:
    """The name behind 学科领域 「其他」. Source: domain reference 2.7a."""
    return text("其他学科领域名称", 50, required_when=OTHER_DISCIPLINE, applies_when=OTHER_DISCIPLINE,
        help="学科领域选「其他」时才填，写到一级学科。", **options)  # fmt: skip
