"""Fetching what pointers of Git LFS stand for, from the repository's own server.

A commit may name another server in ``.lfsconfig``, and programs that bring the files; neither is
read. The server is asked at the repository's own address, as docs/api of git-lfs has it, and with
its own credentials; these follow no redirect, and go nowhere else. What a server then names as the
place of a file gets what the server said to show there, and no more. Whatever comes is compared
with the pointer's sha256 and size before anything is made of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import os
import re
import shlex
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import httpx

from slipway.exceptions import LargeFilesElsewhere, RepositoryUnreachable, SlipwayError
from slipway.hooks.git.command import TIMEOUT, GitCommandFailed, git, ssh
from slipway.hooks.git.errors import remote_failure
from slipway.hooks.git.folder import locked
from slipway.hooks.git.store import ANSWER, MirrorStore
from slipway.hooks.git_lfs.server import (
    Action,
    Answer,
    Answered,
    Endpoint,
    NotThere,
    action_of,
    answered,
    check_depth,
    check_way,
    given,
    open_client,
    whole,
)
from slipway.model.git.url import parse_url
from slipway.model.text.inert import visible

_log = logging.getLogger(__name__)
_MEDIA = "application/vnd.git-lfs+json"
# Objects that are asked for at once.
_AT_ONCE = 100
# Seconds for the whole answer where objects are; `TIMEOUT` is for all of it together.
_ANSWER = 60.0
# Places that one file may be sent on to.
_MOST_REDIRECTS = 3
# Seconds that a file stays which nobody asks for, and one that a killed task has not finished.
_KEPT, _LEFT = 30 * 86400.0, 86400.0
_OID = re.compile(r"[0-9a-f]{64}")
_ADVICE = (
    "see that the connection may read the repository's LFS objects, and that they were pushed "
    "(`git lfs push --all origin`); `repository: {lfs: pointers}` takes the pointers as they are"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pointer:
    """What a file in Git LFS is, by its pointer.

    :param oid: the sha256 of its content.
    :param size: of its content, in bytes.
    """

    oid: str
    size: int


class LfsObjects:
    """The files of one repository that lie in Git LFS, kept beside its mirror.

    :param store: the mirror.
    """

    def __init__(self, store: MirrorStore) -> None:
        self._store = store
        self._folder = store.path / "lfs"

    def fetch(self, pointers: Mapping[str, Pointer]) -> dict[str, Path]:
        """Bring what pointers stand for.

        :param pointers: path in the commit -> its pointer.
        :returns: path in the commit -> the file with its content.
        :raises LargeFilesElsewhere: when something cannot be had, with its path.
        :raises RepositoryUnreachable: when a server does not answer.
        """
        with locked(self._store.path):
            missing = {path: one for path, one in pointers.items() if not self._used(one)}
        if missing:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            with self._store.login() as environment:
                endpoint = self._endpoint(environment, next(iter(missing)))
                asyncio.run(self._bring(endpoint, missing))
            size = sum(pointer.size for pointer in missing.values())
            _log.info("%d files of %d KiB came from Git LFS", len(missing), size >> 10)
        return {path: self._place(one) for path, one in pointers.items()}

    def tidy(self) -> None:
        """Remove what no build has asked for in a long time, and what killed tasks left.

        Whatever is wanted once more, for an old release say, comes from the server again.
        """
        if not self._folder.exists():
            return
        with locked(self._store.path):
            for file in self._folder.iterdir():
                age = time.time() - file.stat().st_mtime
                if age > (_KEPT if _OID.fullmatch(file.name) else _LEFT):
                    file.unlink()

    def _place(self, pointer: Pointer) -> Path:
        return self._folder / pointer.oid

    def _used(self, pointer: Pointer) -> bool:
        """Tell whether a file is here, and note that it is wanted."""
        try:
            os.utime(self._place(pointer))
        except FileNotFoundError:
            return False
        return True

    async def _bring(self, endpoint: Endpoint, missing: Mapping[str, Pointer]) -> None:
        paths = {one.oid: path for path, one in missing.items()}
        wanted = [missing[path] for path in paths.values()]
        # Of httpx's own limits each begins anew with every byte.
        until = asyncio.get_running_loop().time() + TIMEOUT
        async with open_client() as client:
            for start in range(0, len(wanted), _AT_ONCE):
                some = {one.oid: one for one in wanted[start : start + _AT_ONCE]}
                with _about(paths[next(iter(some))], self._store.url):
                    async with asyncio.timeout_at(until), asyncio.timeout(_ANSWER):
                        answers = await self._batch(client, endpoint, list(some.values()))
                for oid, pointer in some.items():
                    with _about(paths[oid], self._store.url):
                        async with asyncio.timeout_at(until):
                            action = action_of(answers.get(oid))
                            await self._download(client, endpoint, action, pointer)

    async def _batch(
        self, client: httpx.AsyncClient, endpoint: Endpoint, wanted: list[Pointer]
    ) -> dict[str, Answered]:
        """Ask where objects are."""
        asked = {
            "operation": "download",
            "transfers": ["basic"],
            "hash_algo": "sha256",
            "objects": [{"oid": one.oid, "size": one.size} for one in wanted],
        }
        headers = {**endpoint.headers, "Accept": _MEDIA, "Content-Type": _MEDIA}
        request = client.build_request(
            "POST", f"{endpoint.url}/objects/batch", headers=headers, content=json.dumps(asked)
        )
        async with answered(client, request) as response:
            data = await whole(response)
        answer = Answer.model_validate_json(data)
        if answer.transfer not in (None, "", "basic"):
            msg = f"the server knows no way to bring it but {visible(answer.transfer)}"
            raise NotThere(msg)
        return {one.oid: one for one in answer.objects}

    async def _download(
        self, client: httpx.AsyncClient, endpoint: Endpoint, action: Action, pointer: Pointer
    ) -> None:
        url, headers = action.href, given(action)
        if not headers and endpoint.is_above(url):
            headers = dict(endpoint.headers)
        for _ in range(_MOST_REDIRECTS + 1):
            check_way(url, endpoint)
            await check_depth(url, endpoint)
            request = client.build_request("GET", url, headers=headers)
            async with answered(client, request, redirects=True) as response:
                if not response.has_redirect_location:
                    await self._keep(response, pointer)
                    return
                # To wherever it leads goes nothing that was meant for this place.
                url, headers = urljoin(url, response.headers["Location"]), {}
        msg = f"it is sent on more than {_MOST_REDIRECTS} times"
        raise NotThere(msg)

    async def _keep(self, response: httpx.Response, pointer: Pointer) -> None:
        """Write what comes beside the mirror, under its name when it is all there and right."""
        digest, size = hashlib.sha256(), 0
        with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as file:
            partial = Path(file.name)
            try:
                async for chunk in response.aiter_raw():
                    size += len(chunk)
                    if size > pointer.size:
                        break
                    digest.update(chunk)
                    file.write(chunk)
                file.flush()
                if size != pointer.size or digest.hexdigest() != pointer.oid:
                    # How much came is nobody's to know who sends a worker elsewhere.
                    msg = "what came is not what its pointer says"
                    raise NotThere(msg)
                partial.rename(self._place(pointer))
            finally:
                partial.unlink(missing_ok=True)

    def _endpoint(self, environment: Mapping[str, str], path: str) -> Endpoint:
        """Find where this repository's objects are asked for.

        :param environment: how git is told who it is.
        :param path: of a file, for whoever reads of a failure.
        """
        address = parse_url(self._store.url)
        with _about(path, self._store.url):
            if address.scheme == "ssh":
                return self._by_ssh(environment)
            if address.scheme not in ("https", "http"):
                msg = f"{address.scheme}:// knows no LFS"
                raise NotThere(msg)
        url = self._store.url.rstrip("/")
        url = url if url.endswith(".git") else f"{url}.git"
        return Endpoint(url=f"{url}/info/lfs", headers=self._shown(environment))

    def _shown(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return the header that git itself would show to the repository."""
        settings = environment.get("GIT_CONFIG_GLOBAL")
        if settings is None:
            return {}
        asked = ("--get-urlmatch", "http.extraHeader", self._store.url)
        name, _, value = git("config", "--file", settings, *asked).decode().partition(": ")
        return {name: value.strip()}

    def _by_ssh(self, environment: Mapping[str, str]) -> Endpoint:
        """Ask over ssh, as git-lfs does, for the address and for what is shown there."""
        address = parse_url(self._store.url)
        port = ("-p", address.port) if address.port else ()
        who = f"{address.user}@" if address.user else ""
        path = shlex.quote(address.path)
        try:
            said = ssh(
                *port,
                "--",
                f"{who}{address.host.strip('[]')}",
                f"git-lfs-authenticate {path} download",
                environment=environment,
                limit=ANSWER,
            )
        except GitCommandFailed as error:
            raise remote_failure(self._store.url, error) from error
        action = Action.model_validate_json(said)
        told_by = Endpoint(url=f"ssh://{address.host}")
        check_way(action.href, told_by)
        asyncio.run(check_depth(action.href, told_by))
        return Endpoint(url=action.href.rstrip("/"), headers=given(action), host=address.host)


@contextlib.contextmanager
def _about(path: str, url: str) -> Iterator[None]:
    """Say of which file it is that something is wrong."""
    what = f"{visible(path)} lies in Git LFS, and cannot be fetched from {url}"
    try:
        yield
    except httpx.TransportError as error:
        raise _unreached(what, error) from error
    except TimeoutError as error:
        msg = f"{what}: the server took too long"
        raise RepositoryUnreachable(msg, advice="the task tries again by itself") from error
    except (ValueError, httpx.InvalidURL) as error:
        msg = f"{what}: the server's answer is none of LFS"
        raise LargeFilesElsewhere(msg, advice=_ADVICE) from error
    except NotThere as error:
        msg = f"{what}: {error}"
        raise LargeFilesElsewhere(msg, advice=_ADVICE) from error
    except SlipwayError as error:
        msg = f"{what}: {error.message}"
        raise type(error)(msg, advice=error.advice) from error


def _unreached(what: str, error: httpx.TransportError) -> SlipwayError:
    msg = f"{what}: {visible(str(error) or type(error).__name__)}"
    if "certificate" in msg.lower():
        advice = "let GIT_SSL_CAINFO name its authority's certificate, for the workers"
        return LargeFilesElsewhere(msg, advice=advice)
    return RepositoryUnreachable(msg, advice="the task tries again by itself")
