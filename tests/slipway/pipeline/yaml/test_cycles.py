from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slipway.pipeline.yaml.cycles import find_cycle

NAMES = "abcde"


@given(st.dictionaries(st.sampled_from(NAMES), st.sets(st.sampled_from(NAMES + "x")), max_size=5))
def test_a_cycle_is_found_exactly_when_there_is_one(graph: dict[str, set[str]]) -> None:
    cycle = find_cycle(graph)
    if cycle:
        following = [*cycle[1:], cycle[0]]
        assert all(after in graph[name] for name, after in zip(cycle, following, strict=True))
        assert len(set(cycle)) == len(cycle)
    else:
        done: set[str] = set()
        for _ in graph:
            done |= {name for name, after in graph.items() if after & graph.keys() <= done}
        assert done == graph.keys()
