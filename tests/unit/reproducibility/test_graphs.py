"""Steps are drawn by what comes before what."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reproducibility.graphs import DOWN, HEIGHT, MOST_LETTERS, Drawing, draw
from reproducibility.presenting import ShownStep
from reproducibility.specs.steps import Graph

DIAMOND = Graph(("a", "b", "c", "d"), (("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")))


def drawn(graph: Graph) -> Drawing | None:
    return draw(graph, [ShownStep(name, "waiting") for name in graph.nodes])


def test_a_chain_is_told_as_a_list() -> None:
    assert drawn(Graph(("a", "b", "c"), (("a", "b"), ("b", "c")))) is None


def test_steps_side_by_side_stand_below_each_other() -> None:
    drawing = drawn(DIAMOND)

    assert drawing is not None
    first, one, other, last = drawing.nodes
    assert first.x < one.x == other.x < last.x
    assert other.y - one.y == HEIGHT + DOWN
    assert first.y == last.y == (HEIGHT + DOWN) // 2
    assert len(drawing.edges) == 4


def test_a_long_name_is_cut_and_kept_beside() -> None:
    graph = Graph(("a" * 50, "b", "c"), (("a" * 50, "b"), ("a" * 50, "c")))
    drawing = drawn(graph)

    assert drawing is not None
    assert len(drawing.nodes[0].label) == MOST_LETTERS
    assert drawing.nodes[0].step.name == "a" * 50


def test_steps_that_are_not_of_the_run_are_left_out() -> None:
    assert draw(DIAMOND, [ShownStep("a", "done"), ShownStep("b", "done")]) is None


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=30))
def test_every_step_comes_after_those_that_it_waits_for(pairs: list[tuple[int, int]]) -> None:
    names = tuple(str(n) for n in range(10))
    edges = tuple({(str(min(pair)), str(max(pair))) for pair in pairs if pair[0] != pair[1]})

    drawing = drawn(Graph(names, edges))

    if drawing is not None:
        places = {node.step.name: node for node in drawing.nodes}
        assert all(places[one].x < places[other].x for one, other in edges)
        assert len({(node.x, node.y) for node in drawing.nodes}) == len(names)
