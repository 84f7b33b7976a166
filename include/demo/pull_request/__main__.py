"""``python -m include.demo.pull_request REPOSITORY BRANCH``: opens one at the demo's git host.

What a person does at Bitbucket with two clicks, once the branch is pushed. With ``--decline
NUMBER`` or ``--merged NUMBER`` one ends; merging is git's, this only tells of it.
"""

from __future__ import annotations

import argparse
import sys

from include.demo import git_host, paths
from include.localforge.pull_requests import NoPullRequest, end_pull_request, open_pull_request


def main() -> None:
    """Open a pull request, or end one."""
    parser = argparse.ArgumentParser(prog="include.demo.pull_request", description=__doc__)
    parser.add_argument("repository", help="as in its page's address, acme/guestbook")
    parser.add_argument("branch", nargs="?", help="the branch that it comes from")
    parser.add_argument("--title", default="", help="what it is about")
    parser.add_argument("--to", default="main", help="the branch that it wants to go to")
    ending = parser.add_mutually_exclusive_group()
    ending.add_argument("--decline", type=int, metavar="NUMBER")
    ending.add_argument("--merged", type=int, metavar="NUMBER")
    asked = parser.parse_args()
    if not git_host.HOME.bare(asked.repository).is_dir():
        parser.error(f"the demo's git host has no repository {asked.repository}")
    try:
        told = _done(parser, asked)
    except NoPullRequest as error:
        parser.exit(1, f"{error}\n")
    for line in told:
        sys.stdout.write(f"{line}\n")
    sys.stdout.write(f"{paths.FORGE_URL}/{asked.repository} shows it\n")


def _done(parser: argparse.ArgumentParser, asked: argparse.Namespace) -> list[str]:
    home, repository = git_host.HOME, asked.repository
    for number, state in ((asked.merged, "MERGED"), (asked.decline, "DECLINED")):
        if number is not None:
            told = end_pull_request(home, repository, number, state)
            return [f"pull request {number} is {state.lower()}", *told]
    if not asked.branch:
        parser.error("name the branch that it comes from")
    title = asked.title or asked.branch
    opened, told = open_pull_request(
        home, repository, title=title, source=asked.branch, target=asked.to
    )
    return [f"pull request {opened['id']}: {title}", *told]


if __name__ == "__main__":
    main()
