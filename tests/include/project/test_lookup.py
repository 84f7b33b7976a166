"""A name that is not there is told with the nearest, wherever it was typed."""

from __future__ import annotations

import re

import pytest

from include.project.loader import PROJECTS, load_project
from include.project.lookup import find_environment, find_place, find_project
from slipway.exceptions import ProjectFileError

GUESTBOOK = load_project(PROJECTS / "guestbook.yaml")
PROJECTS_HERE = {"guestbook": GUESTBOOK}


def test_what_is_there_is_found() -> None:
    assert find_project(PROJECTS_HERE, "guestbook") is GUESTBOOK
    assert find_environment(GUESTBOOK, "dev") is GUESTBOOK.environments["dev"]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("guestbok", "there is no project 'guestbok'; did you mean guestbook?"),
        ("GuestBook", "there is no project 'GuestBook'; did you mean guestbook?"),
        ("zzz", "there is no project 'zzz'\n  what to do: there is guestbook"),
        ("", "there is no project ''\n  what to do: there is guestbook"),
    ],
)
def test_what_is_not_there_is_told_with_the_nearest(typed: str, said: str) -> None:
    with pytest.raises(ProjectFileError, match=re.escape(said)):
        find_project(PROJECTS_HERE, typed)


def test_an_environment_is_told_with_its_project() -> None:
    with pytest.raises(ProjectFileError) as told:
        find_environment(GUESTBOOK, "prd")
    assert told.value.message == "guestbook has no environment 'prd'; did you mean prod?"
    assert told.value.advice == "there is dev, prod"


def test_a_project_whose_file_is_broken_says_what_is_wrong_with_it() -> None:
    mine, others = ProjectFileError("shop.yaml:3:1: no"), ProjectFileError("shop-2.yaml:1:1: x")
    with pytest.raises(ProjectFileError, match=r"^shop\.yaml:3:1"):
        find_project(PROJECTS_HERE, "shop", [others, mine])
    with pytest.raises(ProjectFileError, match="there is no project 'shopp'"):
        find_project(PROJECTS_HERE, "shopp", [others, mine])
    with pytest.raises(ProjectFileError, match="what to do: there is none"):
        find_project({}, "shop")


def test_two_words_in_the_wrong_order_are_told_in_the_right_one() -> None:
    assert find_place(PROJECTS_HERE, "guestbook", "prod")[1] is GUESTBOOK.environments["prod"]
    with pytest.raises(ProjectFileError, match="the project comes first: guestbook prod"):
        find_place(PROJECTS_HERE, "prod", "guestbook")
    with pytest.raises(ProjectFileError, match="there is no project 'prod'"):
        find_place(PROJECTS_HERE, "prod", "shop")
    with pytest.raises(ProjectFileError, match="did you mean prod"):
        find_place(PROJECTS_HERE, "guestbook", "prd")
