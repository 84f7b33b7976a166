"""A release's record."""

from __future__ import annotations

from slipway.hooks.store.releases import ReleaseRecord
from slipway.model.facts import Checkout, PublishedPackage, Release


def numbered_record(number: int) -> ReleaseRecord:
    sha = f"{number:07x}" + "0" * 33
    release = Release(project="shop", sha=sha, version=f"1.0.0+{number}.g{sha[:7]}")
    return ReleaseRecord(
        checkout=Checkout(
            release=release,
            repository="u",
            ref="main",
            branch="main",
            message="m",
            author_name="a",
            author_email="e",
            committed_at=number,
        ),
        package=PublishedPackage(
            release=release,
            name="shop",
            version=release.version,
            architecture="all",
            sha256="0",
            repository_url="http://x",
            distribution="stable",
            component="main",
            signing_key="k",
        ),
    )
