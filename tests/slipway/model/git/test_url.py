from __future__ import annotations

import pytest

from slipway.model.git.url import GitUrl, parse_url, redacted, with_plain_scheme


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/org/repo.git",
        "https://git.example.com:8443/org/repo",
        "http://127.0.0.1:3000/repo",
        "git://127.0.0.1:9418/guestbook.git",
        "ssh://git@github.com/org/repo",
        "ssh://git@git.example.com:2222/org/repo",
        "ssh://[::1]:2222/repo",
        "git@github.com:org/repo.git",
        "github.com:org/repo",
        "HTTPS://github.com/org/repo",
        "Ssh://git@github.com/org/repo",
    ],
)
def test_what_is_followed(url: str) -> None:
    assert parse_url(url).path.endswith((".git", "repo"))
    assert redacted(url).count("@") == url.count("@")


@pytest.mark.parametrize(
    ("url", "instead"),
    [
        ("https://ada:hunter2@git.example.com/r", "write 'https://git.example.com/r'"),
        ("https://hunter2@git.example.com/r", "write 'https://git.example.com/r'"),
        ("https://ada:hunter2@@git.example.com/r", "write 'https://git.example.com/r'"),
        ("https://:hunter2@git.example.com/r", "write 'https://git.example.com/r'"),
        ("https://ada%3Ahunter2@git.example.com/r", "write 'https://git.example.com/r'"),
        ("http://ada:hunter2@git.example.com/r", "write 'http://git.example.com/r'"),
        ("git://ada:hunter2@git.example.com/r", "write 'git://git.example.com/r'"),
        ("ssh://git:hunter2@git.example.com/r", "write 'ssh://git@git.example.com/r'"),
        ("https://ada:hunter2/x@git.example.com/r", "does not name a server"),
        ("HTTPS://ada:hunter2@git.example.com/r", "write 'https://git.example.com/r'"),
        ("ada:hunter2@git.example.com:r", "is not a repository URL"),
        ("ftp://ada:hunter2@git.example.com/r", "is not a repository URL"),
        ("https://ada:hunter2@git.example.com/a b", "is not a repository URL"),
    ],
)
def test_a_login_in_a_url_is_refused_and_never_shown(url: str, instead: str) -> None:
    with pytest.raises(ValueError, match=r"use|connection|scheme") as refused:
        parse_url(url)
    assert instead in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c id",
        "file:///etc",
        "/etc",
        "--upload-pack=x",
        "a b",
        "",
        "https://",
        "ssh://-oProxyCommand=id/x",
        "-oProxyCommand=id@host:x",
        "git@-oProxyCommand=id:x",
        "https://host:port/x",
        "https:///etc/passwd",
        "ext::id",
        "host:-x",
        "file://etc",
        "host:",
        "-host:x",
        "host:a b",
        "ftp://h/x",
        "git@host:-x",
        "https://ho\nst/x",
    ],
)
def test_what_is_not_followed(url: str) -> None:
    with pytest.raises(ValueError, match=r"is not a repository URL|does not name|holds a login"):
        parse_url(url)


def _below(url: str, prefix: str) -> bool:
    return parse_url(url).is_below(parse_url(prefix))


def test_what_lies_below_a_place() -> None:
    folder = "https://git.example.com/org/"
    assert _below("https://git.example.com/org/lib.git", folder)
    assert _below("https://GIT.example.com/org/team/lib", folder)
    assert _below("https://git.example.com/org/lib", "https://git.example.com/org/lib.git")
    assert _below("https://git.example.com/anything", "https://git.example.com")
    assert _below("git@git.example.com:org/lib", "git@git.example.com:org/")


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example.com/organisation/lib",
        "https://git.example.com/org/../evil/lib",
        "https://git.example.com/org/%2e%2e/evil/lib",
        "https://git.example.com/org//evil",
        "https://git.example.com/org/..",
        "https://git.example.com/org/lib?x",
        "https://git.example.com/org\\..\\evil",
        "https://git.example.com.evil.org/org/lib",
        "https://git.example.com:8443/org/lib",
        "http://git.example.com/org/lib",
        "ssh://git@git.example.com/org/lib",
        "git@git.example.com:org/lib",
        "https://evil.org/https://git.example.com/org/lib",
    ],
)
def test_a_submodule_that_pretends_to_lie_below_a_place(url: str) -> None:
    assert not _below(url, "https://git.example.com/org/")


def test_another_user_is_another_place() -> None:
    assert not _below("root@git.example.com:org/lib", "git@git.example.com:org/")
    assert parse_url("git@h:o/r") == GitUrl(scheme="ssh", user="git", host="h", port="", path="o/r")


def test_a_scheme_is_git_s_in_small_letters() -> None:
    assert with_plain_scheme("HTTPS://Git.example/A") == "https://Git.example/A"
    assert with_plain_scheme("https://git.example/A") == "https://git.example/A"
    assert with_plain_scheme("Git@HOST:A") == "Git@HOST:A"
    assert parse_url("HTTPS://h/a") == parse_url("https://h/a")
    assert parse_url("github.com:a/x") == GitUrl(
        scheme="ssh", user="", host="github.com", port="", path="a/x"
    )
