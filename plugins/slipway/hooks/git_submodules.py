"""Submodules: the part of a commit's tree that lives in other repositories."""

from __future__ import annotations

import configparser
import io
import tarfile
from collections.abc import Callable, Mapping
from urllib.parse import urljoin

from slipway.exceptions import RepositoryRefused


def submodule_urls(gitmodules: bytes, parent_url: str) -> dict[str, str]:
    """Map each submodule's path to its URL.

    :param gitmodules: the content of ``.gitmodules``.
    :param parent_url: relative URLs (``../lib.git``) are resolved against it.
    :raises RepositoryRefused: when the file cannot be read.
    """
    parser = configparser.ConfigParser(interpolation=None, strict=False, delimiters=("=",))
    try:
        # Git indents the keys, which this parser would read as continuation lines.
        lines = gitmodules.decode(errors="replace").splitlines()
        parser.read_string("\n".join(line.strip() for line in lines))
    except configparser.Error as error:
        msg = ".gitmodules cannot be read"
        raise RepositoryRefused(msg, advice=str(error)) from error
    sections = [dict(parser[name]) for name in parser.sections()]
    return {
        section["path"]: _absolute(section["url"], parent_url)
        for section in sections
        if "path" in section and "url" in section
    }


def graft(tree: bytes, submodules: Mapping[str, Callable[[], bytes]]) -> bytes:
    """Put the trees of submodules into the tree of their parent.

    :param tree: the parent's tar.
    :param submodules: path -> a function that packs the submodule's tree as a tar.
    """
    merged = io.BytesIO()
    with tarfile.open(fileobj=merged, mode="w") as target:
        _copy(tree, target, prefix="")
        for path, pack in sorted(submodules.items()):
            _copy(pack(), target, prefix=f"{path}/")
    return merged.getvalue()


def _copy(source: bytes, target: tarfile.TarFile, *, prefix: str) -> None:
    with tarfile.open(fileobj=io.BytesIO(source)) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            member.name = prefix + member.name
            if member.islnk():
                member.linkname = prefix + member.linkname
            target.addfile(member, content)


def _absolute(url: str, parent_url: str) -> str:
    if not url.startswith(("./", "../")):
        return url
    # urljoin knows only the schemes of the web; the scheme itself plays no part here.
    scheme, separator, rest = parent_url.partition("://")
    if not separator:
        msg = (
            f"submodule URL {url!r} is relative, and {parent_url!r} is not a URL it can start from"
        )
        raise RepositoryRefused(msg, advice="write the submodule's whole URL")
    return f"{scheme}{urljoin(f'http://{rest}/', url)[len('http') :]}"
