"""Where a repository lies at its host, from the URL that git clones from."""

from __future__ import annotations

import pytest

from slipway.model.forge.login import ForgeLogin
from slipway.model.forge.place import ForgeKind, place_of

BITBUCKET, SERVER = ForgeKind.BITBUCKET, ForgeKind.BITBUCKET_SERVER


@pytest.mark.parametrize(
    ("url", "kind", "server", "path"),
    [
        ("https://bitbucket.org/acme/shop.git", None, "https://api.bitbucket.org", "acme/shop"),
        ("git@bitbucket.org:acme/shop.git", None, "https://api.bitbucket.org", "acme/shop"),
        ("https://BitBucket.org/acme/shop", None, "https://api.bitbucket.org", "acme/shop"),
        (
            "ssh://git@altssh.bitbucket.org:443/acme/shop.git",
            None,
            "https://api.bitbucket.org",
            "acme/shop",
        ),
        (
            "https://git.example.com/scm/SHOP/shop.git",
            SERVER,
            "https://git.example.com",
            "SHOP/shop",
        ),
        (
            "https://example.com:8443/stash/scm/~ann/shop.git",
            SERVER,
            "https://example.com:8443/stash",
            "~ann/shop",
        ),
        (
            "ssh://git@git.example.com:7999/SHOP/shop.git",
            SERVER,
            "https://git.example.com",
            "SHOP/shop",
        ),
        ("git@github.com:acme/shop.git", None, "https://api.github.com", "acme/shop"),
        ("https://gitlab.com/acme/web/shop.git", None, "https://gitlab.com", "acme/web/shop"),
        ("https://codeberg.org/acme/shop", None, "https://codeberg.org", "acme/shop"),
        (
            "https://git.acme.io/acme/shop.js.git",
            ForgeKind.GITEA,
            "https://git.acme.io",
            "acme/shop.js",
        ),
    ],
)
def test_a_url_tells_where_the_repository_is(
    url: str, kind: ForgeKind | None, server: str, path: str
) -> None:
    place = place_of(url, connection="c", kind=kind)
    assert (place.server, place.path) == (server, path)


def test_what_the_project_file_says_comes_first() -> None:
    url = "ssh://git@git.example.com:7999/SHOP/shop.git"
    place = place_of(url, connection="c", kind=SERVER, server="https://example.com/stash/")
    assert place.server == "https://example.com/stash"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://git.example.com/acme/shop.git", "nothing tells what git.example.com is"),
        ("https://bitbucket.org/shop.git", "does not end with an owner and a repository"),
        ("https://bitbucket.org/../shop.git", "does not end with an owner"),
        ("https://bitbucket.org.evil.example/acme/shop.git", "nothing tells"),
    ],
)
def test_what_is_missing_is_said(url: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        place_of(url, connection="c")


@pytest.mark.parametrize(
    ("login", "user"),
    [
        ({"token": "ATCTT3x"}, "x-token-auth"),
        ({"token": "whatever"}, "x-token-auth"),
        ({"token": "ATATT3x", "user": "ann@example.com"}, "x-bitbucket-api-token-auth"),
        ({"token": "ATATT3x", "email": "ann@example.com"}, "x-bitbucket-api-token-auth"),
        ({"token": "ATATT3x"}, "x-bitbucket-api-token-auth"),
        ({"token": "ATATT3x", "user": "ann"}, "ann"),
        ({"token": "other", "user": "ann@example.com"}, "x-bitbucket-api-token-auth"),
        # Tokens in the role of the other kind.
        ({"token": "ATCTT3x", "user": "ann@example.com"}, "x-token-auth"),
        ({"token": "ATATT3x", "user": "x-token-auth"}, "x-bitbucket-api-token-auth"),
    ],
)
def test_git_is_given_the_name_that_a_token_goes_by(login: dict[str, str], user: str) -> None:
    assert ForgeLogin(**login).git_user(BITBUCKET) == user
    assert ForgeLogin(**login).git_user(None) == login.get("user", "")


def test_a_token_is_in_no_representation() -> None:
    assert "ATCTT" not in repr(ForgeLogin(token="ATCTT3x"))
