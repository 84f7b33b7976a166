"""Whose a balancer is, and that nobody is pointed at what is another project's."""

from __future__ import annotations

import pytest

from slipway.model.text.nearest import Named, Owner, nearest, suggestion

DEV = Owner(project="shop", environment="dev")
USED = frozenset({("blog", "dev")})


def tags(project: str, environment: str = "dev") -> dict[str, str]:
    return {"slipway:project": project, "slipway:environment": environment}


@pytest.mark.parametrize(
    ("one", "own"),
    [
        (Named(name="shop-dev"), True),
        (Named(name="tg-shop-dev"), True),
        (Named(name="shop"), True),
        (Named(name="Shop_Dev-HTTP"), True),
        (Named(name="anything", tags=tags("shop")), True),
        (Named(name="shop-dev", tags=tags("blog")), False),
        (Named(name="shop-dev", users=USED), False),
        (Named(name="shop-prod"), False),
        (Named(name="x", tags=tags("shop", "prod")), False),
        # Another project's name may begin, or end, like this one's.
        (Named(name="shop-api-dev"), False),
        (Named(name="workshop-dev"), False),
        (Named(name="shops-dev"), False),
        (Named(name="blog-dev"), False),
        (Named(name="web"), False),
    ],
)
def test_whose_a_balancer_is(one: Named, own: bool) -> None:
    assert DEV.owns(one) is own


def test_a_name_with_a_dash_is_one_name() -> None:
    api = Owner(project="shop-api", environment="dev")
    assert api.own([Named(name="shop-api-dev"), Named(name="shop-dev")]) == ["shop-api-dev"]


def test_what_is_nobodys_may_be_used_and_what_is_somebody_elses_may_not() -> None:
    owner = Owner(project="shop", environment="dev", others=frozenset({"blog", "shop-api"}))
    there = (
        Named(name="web"),
        Named(name="blog-web"),
        Named(name="shop-web"),
        Named(name="shop-api-web"),
        Named(name="x", tags=tags("blog")),
        Named(name="y", tags=tags("shop")),
        Named(name="z", tags=tags("shop", "prod")),
    )
    assert owner.usable(there) == ["web", "shop-web", "y"]


@pytest.mark.parametrize(
    ("one", "whose"),
    [
        (Named(name="x"), ""),
        (Named(name="x", tags=tags("blog")), "blog"),
        (Named(name="x", users=USED), "blog"),
        (Named(name="x", users=USED | {("shop", "dev")}), ""),  # shared on purpose
        (Named(name="x", users=USED, tags=tags("shop")), ""),  # as after a change of names
    ],
)
def test_another_projects_balancer_is_told_by_its_tags_or_its_users(one: Named, whose: str) -> None:
    assert DEV.rival(one) == whose


def test_the_nearest_name_is_alike_or_none() -> None:
    assert nearest("shop-dve", ["shop-dev", "shop-prod"]) == "shop-dev"
    assert nearest("SHOP-DEV", ["shop-dev"]) == "shop-dev"
    assert nearest("x", ["shop-dev"]) == ""
    assert nearest("far-a", ["shop-a", "shop-b"], alike=0.0) == "shop-a"
    assert nearest("far-a", [], alike=0.0) == ""


def test_a_message_goes_on_with_the_nearest_name_or_with_all_of_them() -> None:
    assert suggestion("helth", ["health", "size"]) == "; did you mean 'health'?"
    assert suggestion("x", ["health", "size"]) == "; there is health, size"
    assert suggestion("x", []) == ""
