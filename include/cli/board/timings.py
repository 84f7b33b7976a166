"""``fab timings RUN|PROJECT``: where each second went, from a push to serving machines."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Protocol, TextIO

from include.cli.beside_airflow import beside_airflow
from include.project.loader import load_projects
from include.project.lookup import find_place
from slipway.exceptions import SlipwayError
from slipway.hooks.airflow_times import PastRuns
from slipway.model.board.timings import Bar, RunTime, Trend, Waterfall, trends, waterfall
from slipway.model.text.inert import visible

# Characters that a whole run is wide, and the least of a run's beginning that names it.
_WIDE, _SHORT = 40, 4
# Runs of which the newest that was not skipped is shown.
_LOOKED_AT = 20


class Runs(Protocol):
    """Knows the times of runs: Airflow's database, or its server."""

    def last(self, dag_id: str, most: int) -> list[RunTime]:
        """Return the last runs of a DAG that have ended, the newest first."""

    def named(self, run_id: str) -> list[RunTime]:
        """Return the runs whose id begins so, the newest first."""


def chosen(runs: Runs, word: str, dag_of: Callable[[str], str]) -> list[RunTime]:
    """Return the run that a word means: a run's id or its commit, else a project's newest.

    :param runs: Airflow's.
    :param word: ``commit__3f2a1b7``, ``3f2a1b7``, ``guestbook`` or ``guestbook.prod``.
    :param dag_of: the DAG that a project's name means.
    :returns: more than one where as many begin like that; none where there is none.
    :raises SlipwayError: when there is no such project either, with the nearest.
    """
    if len(word) >= _SHORT:
        for beginning in (word, f"commit__{word}"):
            if found := [run for run in runs.named(beginning) if run.steps]:
                exact = [run for run in found if run.run_id == beginning]
                return exact or found
    newest = runs.last(dag_of(word), _LOOKED_AT)
    return [run for run in newest if waterfall(run).bars][:1]


def dag_of(word: str) -> str:
    """Return the DAG that a project's name, or ``project.environment``, means.

    :raises SlipwayError: when there is no such project or environment, with the nearest.
    """
    name, _, environment = word.partition(".")
    shelf = load_projects()
    # Pull requests have a DAG, and are no environment.
    place = "" if environment == "pr" else environment
    find_place(shelf.projects, name, place, shelf.errors.values())
    return word


def lines(fall: Waterfall) -> Iterator[str]:
    """Draw one run, a line for each step.

    :param fall: the run.
    """
    yield (
        f"{visible(fall.dag_id)} {visible(fall.run_id)}  {visible(fall.state)}: "
        f"{fall.total:.1f} s, in {fall.idle:.1f} s of them no step was at work"
    )
    wide = max((len(bar.task_id) for bar in fall.bars), default=0)
    for bar in fall.bars:
        head = f"{visible(bar.task_id).ljust(wide)} {bar.begin:7.1f} {bar.seconds:7.1f}"
        mark = "*" if bar.critical else " "
        yield f"{mark} {head}  {_drawn(bar, fall.total)}  {_said(bar)}".rstrip()
    yield "* held up the whole run; seconds from the push to its begin, and that it took"


def trend_lines(found: Sequence[Trend]) -> Iterator[str]:
    """Write how each step's time changed, a line for each.

    :param found: of some runs.
    """
    names = [visible(one.task_id) or "the whole run" for one in found]
    wide = max(map(len, names), default=0)
    yield f"{'STEP'.ljust(wide)}  RUNS   MEDIAN      MIN      MAX  CHANGE"
    for name, one in zip(names, found, strict=True):
        change = "" if one.change is None else f"{one.change:+7.0%}"
        figures = f"{one.median:7.1f}s {one.least:7.1f}s {one.most:7.1f}s {change}"
        yield f"{name.ljust(wide)}  {one.runs:4} {figures}".rstrip()
    yield "CHANGE: the newer half's median beside the older half's"


def tell(
    runs: Runs,
    word: str,
    last: int,
    *,
    as_json: bool,
    out: TextIO,
    dag_of: Callable[[str], str] = dag_of,
) -> int:
    """Write what was asked for.

    :param runs: Airflow's record of them.
    :param word: a run, or a project.
    :param last: over so many runs of a project; 0 for one run alone.
    :param as_json: for programs.
    :param out: where it is written.
    :param dag_of: the DAG that a project's name means; looked up in this folder if not given.
    :returns: 1 where there is nothing to tell.
    """
    found = runs.last(dag_of(word), last) if last else chosen(runs, word, dag_of)
    if last:
        over = trends(found)
        shown, told = [asdict(one) for one in over], list(trend_lines(over)) if over else []
    else:
        falls = [waterfall(run) for run in found]
        shown = [asdict(fall) for fall in falls]
        told = [line for fall in falls for line in lines(fall)]
    if as_json:
        out.write(json.dumps(shown, indent=2) + "\n")
    else:
        out.writelines(f"{line}\n" for line in told)
    if not shown:
        sys.stderr.write(f"nothing of {visible(word)} has ended yet\n")
    return 0 if shown else 1


def _drawn(bar: Bar, total: float) -> str:
    scale = _WIDE / total if total > 0 else 0.0
    begin = min(_WIDE - 1, int(bar.begin * scale))
    wait = min(begin, round(bar.wait * scale))
    length = max(1, min(_WIDE - begin, round(bar.seconds * scale)))
    return f"{' ' * (begin - wait)}{'.' * wait}{'#' * length}".ljust(_WIDE)


def _said(bar: Bar) -> str:
    parts = []
    if bar.wait >= 1:
        since = visible(bar.after) or "the push"
        parts.append(f"began {bar.wait:.1f} s after {since}")
    if bar.waits_for:
        parts.append(f"waits for {bar.waits_for}")
    if bar.tries > 1:
        parts.append(f"try {bar.tries}")
    if bar.state != "success":
        parts.append(visible(bar.state))
    return ", ".join(parts)


def main(arguments: list[str] | None = None) -> int:
    """Tell; returns 2 where something is wrong with what was asked."""
    parser = argparse.ArgumentParser(prog="python -m include.cli.board.timings")
    parser.add_argument("what", help="a run's id, a commit, or a project for its newest run")
    parser.add_argument("--last", type=int, default=0, help="over so many runs of a project")
    parser.add_argument("--json", action="store_true", help="for programs")
    given = parser.parse_args(arguments)
    try:
        last = max(0, given.last)
        return tell(PastRuns(), given.what, last, as_json=given.json, out=sys.stdout)
    except SlipwayError as error:
        sys.stderr.write(f"{error}\n")
        return 2


if __name__ == "__main__":
    raise SystemExit(beside_airflow(main))
