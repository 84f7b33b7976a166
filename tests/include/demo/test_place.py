from __future__ import annotations

import subprocess
import sys

from include.demo import home
from include.demo.place import database_name


def test_two_places_never_share_a_database() -> None:
    places = [("a-b", "c"), ("a", "b-c"), ("a-b-c", "d"), ("a--b", "c"), ("a-", "b"), ("a", "b")]
    assert len({database_name(*place) for place in places}) == len(places)
    assert database_name("guestbook", "dev") == "guestbook_dev"


def test_where_no_demo_runs_a_place_is_refused_in_a_sentence() -> None:
    argv = [sys.executable, "-m", "include.demo.place", "shop", "dev", "--listener", "8083"]
    ended = subprocess.run(argv, cwd=home.ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "no demo runs in this clone; start it with `make demo`" in ended.stderr
    assert "Traceback" not in ended.stderr
