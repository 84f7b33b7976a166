from __future__ import annotations

import pytest

from slipway.pipeline.compiler.forge_pages import commit_page, repository_page


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("https://github.com/acme/shop.git", "https://github.com/acme/shop/commit/abc"),
        ("git@github.com:acme/shop.git", "https://github.com/acme/shop/commit/abc"),
        (
            "ssh://git@git.example.com:2222/acme/shop",
            "https://git.example.com/acme/shop/commit/abc",
        ),
        ("https://gitlab.com/a/b/shop.git/", "https://gitlab.com/a/b/shop/-/commit/abc"),
        ("https://bitbucket.org/acme/shop.git", "https://bitbucket.org/acme/shop/commits/abc"),
        (
            "https://git.example.com/scm/acme/shop.git",
            "https://git.example.com/projects/acme/repos/shop/commits/abc",
        ),
        (
            "https://git.example.com/scm/~ada/shop.git",
            "https://git.example.com/users/ada/repos/shop/commits/abc",
        ),
        ("http://localhost:3000/acme/shop.git", "http://localhost:3000/acme/shop/commit/abc"),
        ("file:///srv/git/shop.git", ""),
        ("git://git.example.com/shop.git", ""),
        ("/srv/git/shop", ""),
    ],
)
def test_the_page_of_a_commit(url: str, page: str) -> None:
    assert commit_page(url, "abc") == page


def test_the_page_of_a_repository() -> None:
    assert repository_page("git@github.com:acme/shop.git") == "https://github.com/acme/shop"
