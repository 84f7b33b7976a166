"""No module needs itself to be understood."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import grimp


def test_imports_go_round_in_no_circle_those_for_types_included() -> None:
    graph = grimp.build_graph("slipway", "include", cache_dir=None)
    imports = {one: graph.find_modules_directly_imported_by(one) for one in graph.modules}
    circle: list[str] = []
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        circle = error.args[1]
    assert circle == []
