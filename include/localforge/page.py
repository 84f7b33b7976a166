"""The host's pages: a repository, and a commit or a pull request with all that it was told of it.

Messages, names and descriptions are anybody's: what is shown is text, and no page runs a script.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from include.localforge import git
from include.localforge.pull_requests import current
from include.localforge.state import ForgeHome, Json

if TYPE_CHECKING:
    from starlette.requests import Request

# Commits that a repository's page has.
_MOST = 30
# Slipway's statuses in the order of its flow; those of environments and others come after them.
_FLOW = ("slipway/test", "slipway/migrations", "slipway/package")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#172b4d;max-width:60em;margin:2em auto;padding:0 1em}
h1{font-size:1.4em}h2{font-size:1.1em;margin-top:2em}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:.45em .7em;border-bottom:1px solid #dfe1e6;vertical-align:top}
code,pre{font-family:ui-monospace,monospace;font-size:.92em}
pre{background:#f4f5f7;padding:.8em;white-space:pre-wrap;overflow-wrap:anywhere}
a{color:#0052cc;text-decoration:none}a:hover{text-decoration:underline}
.s{display:inline-block;min-width:7.5em;padding:0 .5em;border-radius:3px;font-weight:600;
font-size:.8em;text-align:center;color:#fff;background:#6b778c}
.SUCCESSFUL,.PASSED{background:#00875a}.FAILED{background:#de350b}.INPROGRESS{background:#0052cc}
.muted{color:#6b778c}
"""


class Pages:
    """The pages of one host.

    :param home: what it knows.
    """

    def __init__(self, home: ForgeHome) -> None:
        self._home = home

    def routes(self) -> list[Route]:
        """Return the pages, by path."""
        return [
            Route("/", self._first),
            Route("/{workspace}/{name}", self._repository),
            Route("/{workspace}/{name}/commits/{sha}", self._commit),
            Route("/{workspace}/{name}/pull-requests/{number:int}", self._pull_request),
        ]

    def _first(self, _: Request) -> Response:
        """Show the repository where there is one alone."""
        found = sorted(
            str(path.relative_to(self._home.git).with_suffix(""))
            for path in self._home.git.glob("*/*.git")
        )
        if len(found) == 1:
            return RedirectResponse(f"/{quote(found[0])}")
        rows = [f"<tr><td>{_link(f'/{quote(one)}', one)}</td></tr>" for one in found]
        return _page("Repositories", _table((), rows))

    def _repository(self, request: Request) -> Response:
        repository, bare = self._place(request)
        if not bare.is_dir():
            return _nothing("There is no such repository.")
        rows = [
            f"<tr><td>{self._to(repository, one.sha)}</td><td>{_first_line(one.message)}</td>"
            f"<td>{self._summary(repository, one.sha)}</td></tr>"
            for one in git.commits(bare, "--branches", "--tags", most=_MOST)
        ]
        pulls = [
            f"<tr><td>{_to_pull_request(repository, one)}</td>"
            f"<td>{escape(one['title'])}</td><td>{_ways(one)}</td><td>{escape(one['state'])}</td>"
            f"<td>{self._summary_of(repository, one['source']['commit']['hash'])}</td></tr>"
            for one in current(self._home, repository)
        ]
        body = _table(("commit", "message", "statuses"), rows)
        if pulls:
            body += "<h2>Pull requests</h2>" + _table((), pulls)
        return _page(repository, body + self._deliveries(repository))

    def _commit(self, request: Request) -> Response:
        repository, bare = self._place(request)
        sha = str(request.path_params["sha"])
        found = git.commit(bare, sha) if git.SHA.fullmatch(sha) and bare.is_dir() else None
        if found is None:
            return _nothing("There is no such commit.")
        body = (
            f"<p>{_link(f'/{quote(repository)}', repository)} <span class='muted'>"
            f"{escape(found.author)}, {escape(found.date)}</span></p>"
            f"<pre>{escape(found.message)}</pre>"
        )
        body += self._builds(repository, sha)
        for report in self._home.reports(repository, sha).values():
            body += _report(report)
        return _page(f"Commit {sha[:12]}", body)

    def _pull_request(self, request: Request) -> Response:
        repository, bare = self._place(request)
        number = request.path_params["number"]
        known = current(self._home, repository) if bare.is_dir() else []
        found = next((one for one in known if one["id"] == number), None)
        if found is None:
            return _nothing("There is no such pull request.")
        newest = git.commit(bare, found["source"]["commit"]["hash"])
        body = (
            f"<p>{_link(f'/{quote(repository)}', repository)} <span class='muted'>{_ways(found)}, "
            f"{escape(found['state'])}</span></p>"
        )
        if newest is not None:
            body += f"<p>{self._to(repository, newest.sha)} {_first_line(newest.message)}</p>"
            body += self._builds(repository, newest.sha)
        return _page(f"Pull request #{number}: {found['title']}", body)

    def _builds(self, repository: str, sha: str) -> str:
        """Show what a commit was told of."""
        rows = [
            f"<tr><td><span class='s {escape(one['state'])}'>{escape(one['state'])}</span></td>"
            f"<td>{_link(one['url'], one['key'])}</td><td>{escape(one.get('description', ''))}</td>"
            "</tr>"
            for one in self._statuses(repository, sha)
        ]
        table = _table(("", "build", "says"), rows) if rows else "<p>None yet.</p>"
        return f"<h2>Builds</h2>{table}"

    def _statuses(self, repository: str, sha: str) -> list[Json]:
        """Return a commit's statuses, in an order that is the same for each commit."""
        places = {key: place for place, key in enumerate(_FLOW)}
        found = self._home.statuses(repository, sha)
        return sorted(found, key=lambda one: (places.get(one["key"], len(places)), one["key"]))

    def _place(self, request: Request) -> tuple[str, Path]:
        repository = f"{request.path_params['workspace']}/{request.path_params['name']}"
        return repository, self._home.bare(repository)

    def _to(self, repository: str, sha: str) -> str:
        return f"<code>{_link(f'/{quote(repository)}/commits/{sha}', sha[:12])}</code>"

    def _summary(self, repository: str, sha: str) -> str:
        return " ".join(
            f"<span class='s {escape(one['state'])}' title='{escape(one.get('description', ''))}'>"
            f"{escape(one['key'].removeprefix('slipway/'))}</span>"
            for one in self._statuses(repository, sha)
        )

    def _summary_of(self, repository: str, short: str) -> str:
        """Show a pull request's statuses, which are those of its newest commit."""
        found = git.commit(self._home.bare(repository), short)
        if found is None:
            return ""
        return f"{self._to(repository, found.sha)} {self._summary(repository, found.sha)}"

    def _deliveries(self, repository: str) -> str:
        sent = [one for one in self._home.all("deliveries") if one["repository"] == repository]
        if not sent:
            return ""
        rows = [
            f"<tr><td>{escape(one['event'])}</td><td>{escape(one['url'])}</td>"
            f"<td>attempt {one['attempt']}</td><td>{escape(one['answer'])}</td></tr>"
            for one in reversed(sent[-_MOST:])
        ]
        return "<h2>Webhook deliveries</h2>" + _table(("event", "to", "", "answer"), rows)


def _report(report: Json) -> str:
    """Show a report of Code Insights."""
    result = str(report.get("result", ""))
    figures = ", ".join(
        f"{escape(str(one.get('title')))} {escape(str(one.get('value')))}"
        for one in report.get("data") or []
        if isinstance(one, dict)
    )
    rows = [
        f"<tr><td><code>{escape(str(one.get('path', '')))}:{escape(str(one.get('line', '')))}"
        f"</code></td><td>{escape(str(one.get('summary', '')))}</td></tr>"
        for one in report["annotations"]
    ]
    head = f"<h2>{escape(report['title'])} <span class='s {escape(result)}'>{escape(result)}</span>"
    return f"{head}</h2><p>{figures}</p>" + (_table((), rows) if rows else "")


def _to_pull_request(repository: str, one: Json) -> str:
    return _link(f"/{quote(repository)}/pull-requests/{one['id']}", f"#{one['id']}")


def _ways(one: Json) -> str:
    """Say which branch of a pull request wants to go to which."""
    names = (one[end]["branch"]["name"] for end in ("source", "destination"))
    return " to ".join(escape(name) for name in names)


def _first_line(message: str) -> str:
    return escape(message.partition("\n")[0])


def _link(url: str, text: str) -> str:
    if not url.startswith(("http://", "https://", "/")):
        return escape(text)
    return f"<a href='{escape(url)}'>{escape(text)}</a>"


def _table(heads: tuple[str, ...], rows: Iterable[str]) -> str:
    head = f"<tr>{''.join(f'<th>{one}</th>' for one in heads)}</tr>" if heads else ""
    return f"<table>{head}{''.join(rows)}</table>"


def _page(title: str, body: str, status: int = 200) -> Response:
    text = (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{escape(title)}</title>"
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1>{body}"
        "<p class='muted'>A small stand-in for Bitbucket, of the demo alone.</p></html>"
    )
    return HTMLResponse(text, status_code=status, headers=_HEADERS)


def _nothing(text: str) -> Response:
    return _page("Not found", f"<p>{escape(text)}</p>", status=404)
