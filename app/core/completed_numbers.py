"""Old numbers of 15 digits as they are stored today: with 18 digits for citizens, with 17 for teacher certificates."""

import re

from app.core.validators import (
    FIRST_CERTIFICATE_YEAR,
    PROVINCES,
    InvalidValue,
    certificate_century,
    normalise_id,
    upgrade_citizen_id,
)

_OLD = re.compile("[0-9]{15}")
_LAST_YEARS = ("00", "01")


def complete_id_number(text: str) -> str:
    """Return a document number as it is stored: an old citizen's number with its 18 digits, any other one as it is."""
    number = normalise_id(text)
    return upgrade_citizen_id(number) if is_old_citizen_id(number) else number


def is_old_citizen_id(text: str) -> bool:
    """Whether this is a citizen's number of 15 digits from which the one of 18 digits follows.

    It is told by its province and a real birth date; what else has 15 digits is somebody's other document.
    """
    number = normalise_id(text)
    if not _OLD.fullmatch(number) or number[:2] not in PROVINCES:
        return False
    try:
        upgrade_citizen_id(number)
    except InvalidValue:
        return False
    return True


def complete_certificate_no(text: str) -> str:
    """Return a certificate's number as it is stored: an old one with the century in front. Source: domain 3.3."""
    number = normalise_id(text)
    first = str(FIRST_CERTIFICATE_YEAR)[2:]
    old = _OLD.fullmatch(number) and (number[:2] >= first or number[:2] in _LAST_YEARS)
    return certificate_century(number) + number if old else number
