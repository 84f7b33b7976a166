from __future__ import annotations

from benchmarks.swap.tally import Tally, spread


def test_every_request_ends_in_one_column() -> None:
    tally = Tally()
    for _ in range(3):
        tally.begin("kept", late=0.0)
    tally.begin("slow", late=0.0)
    tally.answered("kept", "1", latency=0.01)
    tally.refused("kept", "HTTP 503", at=0.0)
    assert tally.open == 2
    told = tally.to_json()
    assert (told["sent"], told["good"], told["failed"], told["open"]) == (4, 1, 1, 2)
    assert told["kinds"]["kept"] == {
        "sent": 3,
        "good": 1,
        "failed": 1,
        "ms": {"p50": 10.0, "p99": 10.0, "p100": 10.0},
    }
    assert told["versions"] == {"1": 1}


def test_only_the_first_failures_are_told_in_words() -> None:
    tally = Tally()
    for number in range(100):
        tally.begin("new", late=0.0)
        tally.refused("new", f"reason {number}", at=5.0)
    told = tally.to_json()
    assert told["failed"] == 100
    assert told["first_failures"][0] == "5.00 new: reason 0"
    assert len(told["first_failures"]) == 20


def test_percentiles_never_flatter() -> None:
    assert spread([]) == {}
    assert spread([0.004]) == {"p50": 4.0, "p99": 4.0, "p100": 4.0}
    hundred = [number / 1000 for number in range(101)]
    assert spread(hundred[::-1]) == {"p50": 50.0, "p99": 99.0, "p100": 100.0}
    assert spread([0.001, 0.001, 9.0])["p99"] == 9000.0
