from __future__ import annotations

import base64
import json

import pytest

from slipway.pipeline.runtime.registry_auth import credentials, passwords

LOGIN = {"username": "u", "password": "p:w"}
AUTH = base64.b64encode(b"u:p:w").decode()


@pytest.mark.parametrize(
    ("host", "image", "matches"),
    [
        ("r.example.com", "r.example.com/a/b:1", True),
        ("https://r.example.com/v2/", "r.example.com/a", True),
        ("r.example.com:5000", "r.example.com:5000/a", True),
        ("r.example.com", "r.example.com:5000/a", False),
        ("https://index.docker.io/v1/", "acme/shop", True),
        ("docker.io", "postgres:15", True),
        ("r.example.com", "postgres", False),
        ("localhost", "localhost/a", True),
        # Entries for one registry that a stranger's would like to be taken for.
        ("r.example.com", "r.example.com.evil.org/a", False),
        ("r.example.com", "evil-r.example.com/a", False),
        ("r.example.com", "r.example.com@evil.org/a", False),
        ("r.example.com", "r.example.com:5000@evil.org/a", False),
        ("r.example.com", "evil.org/r.example.com/a", False),
        ("r.example.com", "http://r.example.com/a", False),
        ("user@r.example.com", "r.example.com/a", False),
        ("http://r.example.com", "r.example.com/a", False),
        ("https://http://r.example.com", "r.example.com/a", False),
        ("r.example.com:443", "r.example.com/a", False),
        ("docker.io.evil.org", "acme/shop", False),
        ("docker.io", "docker.io.evil.org/acme/shop", False),
        ("R.Example.COM", "r.example.com/a", True),
        # For a folder of a registry.
        ("r.example.com/team-a", "r.example.com/team-a/x:1", True),
        ("r.example.com/team-a", "r.example.com/team-b/x:1", False),
        ("r.example.com/team-a", "r.example.com/team-ab/x:1", False),
        ("r.example.com/team-a/", "r.example.com/team-a:1", True),
        ("r.example.com/v1", "r.example.com/v1/x:1", True),
        ("r.example.com/v1", "r.example.com/team-b/x:1", False),
        ("r.example.com/v2/", "r.example.com/team-b/x:1", False),
        ("r.example.com/v1/team-a", "r.example.com/team-b/x:1", False),
        ("https://r.example.com/v1/team-a", "r.example.com/team-b/x:1", False),
        ("https://r.example.com/v3", "r.example.com/team-b/x:1", False),
        ("docker.io/v1", "acme/shop", False),
    ],
)
def test_the_registry_of_an_image(host: str, image: str, matches: bool) -> None:
    config = json.dumps({"auths": {host: {"auth": AUTH}}})
    assert credentials(image, [config]) == (LOGIN if matches else None)


def test_the_first_config_that_has_it() -> None:
    configs = [
        "not json",
        "{}",
        '{"auths": {"docker.io": {"auth": "!"}}}',
        json.dumps({"auths": {"docker.io": LOGIN}}),
    ]
    assert credentials("a", configs) == LOGIN


def test_the_passwords_of_all_logins_are_known_whatever_their_form() -> None:
    config = json.dumps({"auths": {"a.example.com": {"auth": AUTH}, "b": LOGIN, "c": 1, "d": {}}})
    assert passwords(["", "no json", config]) == ["p:w", "p:w"]


@pytest.mark.parametrize(
    "auth",
    ["ä", "dTpw\u00fc", "\ud800", "!", "dTp", "/w==", "", None, 7, ["dTpw"], "\U0001f511" * 4],
)
def test_a_login_that_nobody_can_read_is_passed_over_and_ends_no_pipeline(auth: object) -> None:
    config = json.dumps({"auths": {"r.example.com": {"auth": auth}}})
    assert credentials("r.example.com/a", [config]) is None
    other = json.dumps({"auths": {"r.example.com": LOGIN}})
    assert credentials("r.example.com/a", [config, other]) == LOGIN
