"""Old numbers of 15 digits: which are completed, and which are left as they are."""

import pytest

from app.core.completed_numbers import complete_certificate_no, complete_id_number, is_old_citizen_id


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("110105491231002", "11010519491231002X"),
        (" １１０１０５ 491231 002", "11010519491231002X"),
        ("11010519491231002x", "11010519491231002X"),
        ("110105491231996", "110105491231996"),  # of somebody born before 1900
        ("110105491331002", "110105491331002"),  # no such month
        ("990105491231002", "990105491231002"),  # no such province
        ("ABC110101900307", "ABC110101900307"),
        ("E12345678", "E12345678"),
        ("", ""),
    ],
)
def test_only_a_citizens_old_number_is_completed(typed: str, stored: str) -> None:
    assert complete_id_number(typed) == stored
    assert is_old_citizen_id(typed) == (len(stored) > len("".join(typed.split())))


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("985301024100123", "19985301024100123"),
        ("935301024100123", "19935301024100123"),
        ("005301024100123", "20005301024100123"),
        ("015301024100123", "20015301024100123"),
        ("025301024100123", "025301024100123"),
        ("885301024100123", "885301024100123"),
        ("20145300141000123", "20145300141000123"),
        ("2014 5300 1410 00123", "20145300141000123"),
        ("201453001410001", "201453001410001"),  # today's number with two digits missing
    ],
)
def test_only_an_old_certificate_gets_its_century(typed: str, stored: str) -> None:
    assert complete_certificate_no(typed) == stored
