"""Addresses have a host out of settings, and nothing of a stranger's that ends them."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.links import addresses
from slipway.model.target import DeployTarget
from tests.slipway.links.linked import target

SHA = "3f2a1b7c9d0e1f2a3b4c5d6e7f8091a2b3c4d5e6"


@pytest.mark.parametrize(
    ("repository", "page"),
    [
        ("https://bitbucket.org/acme/shop.git", f"https://bitbucket.org/acme/shop/commits/{SHA}"),
        ("git@github.com:acme/shop.git", f"https://github.com/acme/shop/commit/{SHA}"),
        ("ssh://git@gitlab.com/a/b/c.git", f"https://gitlab.com/a/b/c/-/commit/{SHA}"),
        ("https://git.example.com:8443/a/b", f"https://git.example.com:8443/a/b/commit/{SHA}"),
        # A login in the URL leads nowhere, and neither do hosts that are not asked over https.
        ("http://git.example.com/acme/shop.git", ""),
        ("https://git.example.com/a(b/[x](y).git", ""),
        ("https://git.example.com/a b/c.git", ""),
        ("https://git.example.com/a\n/c.git", ""),
        ("file:///srv/git/shop.git", ""),
        ("/srv/git/shop.git", ""),
        ("", ""),
    ],
)
def test_a_commits_page_is_at_the_host_of_the_project_file(repository: str, page: str) -> None:
    assert addresses.commit(repository, SHA) == page


@pytest.mark.parametrize("sha", ["", "main", SHA[:39], f"{SHA})", f"../{SHA}", SHA.upper()])
def test_what_is_no_sha_has_no_page(sha: str) -> None:
    assert addresses.commit("https://github.com/acme/shop.git", sha) == ""


def test_pages_of_the_board_are_below_airflows_own_path(monkeypatch: pytest.MonkeyPatch) -> None:
    assert addresses.environment("shop", "prod") == "/slipway/board/e/shop/prod"
    assert addresses.release("shop", "1.4.0+42.g3f") == "/slipway/board/r/shop/1.4.0%2B42.g3f"
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://ci.example.com/airflow/")
    assert addresses.environment("shop", "prod") == "/airflow/slipway/board/e/shop/prod"
    # Nobody's host is taken from there, nor a scheme.
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "javascript:alert(1)//x")
    assert addresses.environment("shop", "prod").startswith("/")


@given(st.text(), st.text())
def test_whatever_a_release_is_called_its_page_is_one_path(project: str, version: str) -> None:
    found = addresses.release(project, version)
    if project in ("", ".", "..") or version in ("", ".", ".."):
        assert found == ""
        return
    assert not set(found) & set("()[]<>\"'`| \n")
    path = urlsplit(found).path
    assert path == found
    assert [unquote(part) for part in path.split("/")[4:]] == [project, version]


def test_the_console_is_named_in_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    where = "https://console.aws.amazon.com/ec2/home?region=eu-west-1#"
    image = addresses.machine_image("eu-west-1", "ami-0123456789abcdef0")
    assert image == f"{where}ImageDetails:imageId=ami-0123456789abcdef0"
    assert addresses.balancer(target()) == f"{where}TargetGroups:search=shop-prod"
    classic = DeployTarget.from_json(
        {**target().to_json(), "target_group": None, "load_balancer": "shop"}
    )
    assert addresses.balancer(classic) == f"{where}LoadBalancers:search=shop"
    group = addresses.server_group("eu-west-1", "shop-prod-1.4.0-42")
    assert group == f"{where}AutoScalingGroupDetails:id=shop-prod-1.4.0-42;view=details"
    for setting, begins in {
        "https://console.amazonaws.cn/": "https://console.amazonaws.cn/ec2/home?",
        "": "",
        "http://console.example.com": "",
        "javascript:alert(1)": "",
    }.items():
        monkeypatch.setenv("AIRFLOW__SLIPWAY__AWS_CONSOLE", setting)
        found = addresses.machine_image("eu-west-1", "ami-0123456789abcdef0")
        assert found.startswith(begins)
        assert bool(found) is bool(begins)


@pytest.mark.parametrize(
    ("region", "image"),
    [
        ("eu-west-1&x=1", "ami-0123456789abcdef0"),
        ("", "ami-0123456789abcdef0"),
        ("eu-west-1", "ami-0123456789abcdef0#x"),
        ("eu-west-1", ""),
    ],
)
def test_an_image_that_is_none_has_no_page(region: str, image: str) -> None:
    assert addresses.machine_image(region, image) == ""
