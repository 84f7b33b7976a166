"""Every benchmark of ``make bench``, in its order, and how it is called."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Benchmark:
    """One of them: ``python -m benchmarks.NAME``.

    :param name: its module's, and that of what it leaves.
    :param about: a line for the page.
    :param goes: its arguments, for each time that it is called.
    :param small: arguments to try it with.
    :param demo: whether it stands on a running demo.
    """

    name: str
    about: str
    goes: tuple[str, ...] = ("",)
    small: str = ""
    demo: bool = False


# Those that stand on the demo come last: an idle Airflow takes its part of the machine as well.
ALL = (
    Benchmark(
        name="steps",
        about="seven docker steps that do nothing, beside a shell script and Buildbot",
        small="--rounds 1",
    ),
    Benchmark(
        name="trivial",
        about="seven trivial tasks in Airflow, beside Buildbot and Airflow as it comes",
        small="--rounds 1",
    ),
    Benchmark(
        name="hook",
        about="a webhook to its first task running, beside Buildbot",
        small="--rounds 1",
    ),
    Benchmark(
        name="compiling",
        about="`.drone.yml` read and compiled, as it grows",
        small="--rounds 1 --steps 7",
    ),
    Benchmark(
        name="logs",
        about="steps that write as fast as they can, beside `docker run` to files",
        small="--rounds 1 --lines 1000",
    ),
    Benchmark(
        name="apt",
        about="a signed package published, as the repository grows, beside aptly alone",
        small="--packages 3 --rounds 1 --at-once 2",
    ),
    Benchmark(
        name="swap",
        about="releases swapped under load, beside the floor of machines and service",
        goes=(
            "--start 5",
            "--start 0",
            "--machines 10 --swaps 3 --bad none --requests 0",
            "--machines 16 --swaps 3 --bad none --requests 0",
        ),
        small="--swaps 1 --bad none --start 0 --requests 300",
    ),
    Benchmark(
        name="projects",
        about="project files parsed, as they become more, beside dag-factory; of CPU",
        goes=("--projects 10 100",),
        small="--projects 2",
    ),
    Benchmark(
        name="board",
        about="what runs where, as projects and history grow",
        goes=(
            "--projects 100 --deployments 10000",
            "--projects 1000 --deployments 10000",
            "--projects 1000 --deployments 100000",
        ),
        small="--projects 10 --deployments 60",
    ),
    Benchmark(
        name="watcher",
        about="many repositories watched, beside `git ls-remote` alone",
        goes=("--repositories 100", "--repositories 1000"),
        small="--repositories 3 --sweeps 1 --poll-seconds 2",
    ),
    Benchmark(
        name="scheduler",
        about="the scheduler's loop for each run of a commit",
        goes=("--runs 20", "--runs 40"),
        small="--runs 1",
    ),
    Benchmark(
        name="scale",
        about="a working day of ten thousand projects, calculated from costs, not measured",
    ),
    Benchmark(
        name="thousand",
        about="a thousand projects, parsed beside dag-factory, then in one Airflow; parsing of CPU",
        small="--projects 3 --quiet-seconds 2",
    ),
    Benchmark(
        name="pipeline",
        about="a commit to serving machines, beside a plain shell script",
        goes=("--pairs 5",),
        small="--pairs 1",
        demo=True,
    ),
    Benchmark(
        name="pushes",
        about="pushes to many projects at once, beside one after the other",
        goes=("--projects 10 --in-turn 3",),
        small="--projects 1 --in-turn 1",
        demo=True,
    ),
)
