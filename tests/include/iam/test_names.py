"""Names that would mean more than themselves in a policy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from include.iam.__main__ import main, roles
from include.iam.policy_document import render
from tests.include.iam.shop import PLACE

NAMES = ("*", "prod-*", "pro?", "${aws:username}", "$", "a\nb", "a\0", "a\x7f")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "change",
    [
        {"profiles": ("x", "{}")},
        {"target_groups": ("{}",)},
        {"load_balancers": ("{}",)},
        {"subnets": ("subnet-{}",)},
        {"security_groups": ("sg-{}",)},
        {"neighbours": ("{}",)},
        {"project": "{}"},
        {"environment": "{}"},
        {"region": "{}"},
        {"installation": "{}"},
        {"source_owner": "{}"},
        {"tag_keys": ("{}",)},
    ],
)
def test_a_wildcard_in_a_project_file_does_not_become_one_in_a_policy(
    change: dict[str, Any], name: str
) -> None:
    given: dict[str, Any] = {
        field: value.replace("{}", name)
        if isinstance(value, str)
        else tuple(one.replace("{}", name) for one in value)
        for field, value in change.items()
    }
    with pytest.raises(ValueError, match="cannot stand in a policy"):
        replace(PLACE, **given)


@pytest.mark.parametrize("name", NAMES)
def test_a_wildcard_is_no_bucket(name: str) -> None:
    with pytest.raises(ValueError, match="cannot stand in a policy"):
        roles(PLACE, ("apt", name))


@pytest.mark.parametrize(
    "option", ["--bucket", "--installation", "--source-owner", "--tag-key", "--security-group"]
)
def test_a_wildcard_on_the_command_line_is_refused(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    value = "app=sg-*" if option == "--security-group" else "pro*"
    with pytest.raises(SystemExit):
        main(["guestbook", "prod", option, value])
    assert "would mean more than themselves" in capsys.readouterr().err


def test_the_command_line_says_whether_images_are_encrypted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = ["guestbook", "prod", "--security-group", "slipway-app=sg-0123"]
    main(given)
    assert "ec2:CopyImage" in capsys.readouterr().out
    main([*given, "--no-bake-encrypt", "--tag-key", "acme:cost"])
    said = capsys.readouterr().out
    assert "ec2:CopyImage" not in said
    assert "aws:ResourceTag/acme:cost" in said


def test_names_that_people_give_stay_as_they_are() -> None:
    place = replace(PLACE, subnets=("Private subnet (b) / 2",), profiles=("a+b=c,d.e@f-g_h",))
    text = "".join(render(one) for role in roles(place) for one in role.policies().values())
    assert '"Private subnet (b) / 2"' in text
