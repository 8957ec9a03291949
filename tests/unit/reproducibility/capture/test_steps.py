"""The steps of each engine as a graph, and an empty one for whatever is none."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reproducibility.specs.steps import Graph, graph
from tests.unit.reproducibility.capture.making import unhurried

EMPTY = Graph((), ())
CIRCLE = """
rule a:
    input: 'x'
    output: 'y'
rule b:
    input: 'y'
    output: 'x'
"""


def _of(engine: str, file: str, **parameters: Any) -> Graph:
    told = {"inputs": {"parameters": parameters}, "workflow": {"type": engine, "file": "w"}}
    return graph(told, {"w": file.encode(), "config.yaml": b"table: out/table.csv"})


def test_serial_steps_are_a_chain_and_named_once() -> None:
    steps = [{"name": "fit"}, {}, {"name": "fit"}]

    found = graph({"workflow": {"type": "serial", "specification": {"steps": steps}}}, {})

    assert found.nodes == ("fit", "step 2", "fit (2)")
    assert found.edges == (("fit", "step 2"), ("step 2", "fit (2)"))


def test_snakemake_rules_follow_their_files_and_the_configuration() -> None:
    snakefile = """
configfile: "config.yaml"
# rule none: input: "x"
rule all:
    input: expand("plots/{s}.png", s=["a", "b"]), "report.txt"
rule plot:
    input: data="work/{s}.csv", style=config["table"]
    output: "plots/{s}.png"
    shell: "plot {input} > {output}"
rule select:
    output:
        "work/{s}.csv"
rule table:
    output: config["table"]
checkpoint report:
    input: rules.table.output
    output: "report.txt"
"""

    found = _of("snakemake", snakefile, input="config.yaml")

    assert found.nodes == ("all", "plot", "select", "table", "report")
    assert set(found.edges) == {
        ("plot", "all"), ("report", "all"), ("select", "plot"), ("table", "plot"),
        ("table", "report"),
    }  # fmt: skip


def test_cwl_steps_follow_the_outputs_that_they_name() -> None:
    workflow = """
class: Workflow
steps:
  gen: {run: gen.cwl, in: {events: events}, out: [data]}
  fit: {run: fit.cwl, in: {data: gen/data, seed: {source: [gen/data]}}, out: [result]}
  plot: {run: plot.cwl, in: [{id: x, source: fit/result}], out: []}
"""

    found = _of("cwl", workflow)

    assert found.nodes == ("gen", "fit", "plot")
    assert found.edges == (("gen", "fit"), ("fit", "plot"))


def test_packed_cwl_is_read_by_its_main_workflow() -> None:
    workflow = """
$graph:
  - {class: CommandLineTool, id: "#tool"}
  - class: Workflow
    id: "#main"
    steps:
      - {id: "#main/gen", in: [], out: ["#main/gen/data"]}
      - {id: "#main/fit", in: [{id: "#main/fit/d", source: "#main/gen/data"}], out: []}
"""

    assert _of("cwl", workflow).edges == (("gen", "fit"),)


def test_yadage_stages_follow_dependencies_and_the_outputs_that_they_read() -> None:
    workflow = """
stages:
  - {name: gen, dependencies: [init]}
  - name: merge
    dependencies: {expressions: ["gen[*].one"]}
  - name: fit
    scheduler: {parameters: {data: {stages: "merge[*]", output: x}, a: {step: init, output: a}}}
  - name: plot
    scheduler: {parameters: [{key: d, value: {step: fit, output: x}}]}
"""

    found = _of("yadage", workflow)

    assert found.nodes == ("gen", "merge", "fit", "plot")
    assert found.edges == (("gen", "merge"), ("merge", "fit"), ("fit", "plot"))


@pytest.mark.parametrize(
    ("engine", "file"),
    [
        ("yadage", "stages: [{name: a, dependencies: [b]}, {name: b, dependencies: [a]}]"),
        ("snakemake", CIRCLE),
        ("nextflow", "process x {}"),
        ("cwl", "steps: ["),
        ("cwl", "- 1"),
        ("snakemake", ""),
    ],
)  # fmt: skip
def test_a_circle_or_what_is_not_understood_is_an_empty_graph(engine: str, file: str) -> None:
    assert _of(engine, file) == EMPTY


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["steps", "stages", "name", "in", "source", "dependencies", "$graph",
                             "expressions", "scheduler", "parameters", "id", "step", "class"]),
            inner, max_size=4,
        )
    ),
    max_leaves=15,
)  # fmt: skip


@unhurried
@given(st.sampled_from(["serial", "cwl", "yadage", "snakemake"]), anything)
def test_whatever_shape_a_workflow_has_a_graph_comes_out(engine: str, told: Any) -> None:
    written = graph({"workflow": {"type": engine, "specification": told}}, {})
    read = _of(engine, yaml.safe_dump(told))

    for found in (written, read):
        assert all(set(edge) <= set(found.nodes) for edge in found.edges)


@unhurried
@given(st.text(max_size=200))
def test_whatever_a_snakefile_says_a_graph_comes_out(text: str) -> None:
    assert isinstance(
        _of("snakemake", f"rule a:\n  input: {text}\nrule b:\n  output: {text}"), Graph
    )
