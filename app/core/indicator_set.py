"""指标体系: whose declarations and codes hold for a record."""

from dataclasses import dataclass, field

OF_SCHOOL = "@"  # between the name of a code table and the id of the school that has it


@dataclass(frozen=True)
class IndicatorSet:
    """The kind of school, one of K S E V H U (empty above the schools), and the province with its own items.

    `province_id` is the id of the province's unit; 0 means the nation's items and codes alone. `school_id` names the
    one school whose own tables hold (its departments); it makes no other set, because all else is equal.
    """

    kind: str = ""
    province_id: int = 0
    school_id: int = field(default=0, compare=False)
