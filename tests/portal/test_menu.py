"""Whatever the side bar offers opens: no role is led to a page that refuses it."""

import csv
import re
from collections.abc import Callable

import pytest

from app.demo import FOLDER
from tests.conftest import Client


def one_of_each() -> list[str]:
    """One account for each role at each kind of unit."""
    with (FOLDER / "accounts.csv").open(encoding="utf-8", newline="") as file:
        accounts = list(csv.DictReader(file))
    with (FOLDER / "units.csv").open(encoding="utf-8", newline="") as file:
        levels = {row["code"]: row["level"] for row in csv.DictReader(file)}
    return list({(row["role"], levels[row["unit"]]): row["username"] for row in accounts}.values())


@pytest.mark.parametrize("username", one_of_each())
def test_every_entry_of_the_side_bar_opens(client_as: Callable[[str], Client], username: str) -> None:
    client = client_as(username)
    bar = re.search(r"<nav.*?</nav>", client.get("/").text, re.DOTALL)
    assert bar is not None
    links = set(re.findall(r'href="(/[^"#]*)"', bar[0]))
    assert links
    assert {link: status for link in links if (status := client.get(link).status_code) != 200} == {}
