"""Whatever is planned, the reana.yaml that is written is one that REANA accepts."""

from __future__ import annotations

import json
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from reproducibility.capture.specifying import Plan, write
from reproducibility.capture.values import Parameter
from reproducibility.specs.checking import SCHEMA, check
from tests.unit.reproducibility.capture.making import unhurried

VALIDATOR = Draft7Validator(json.loads(SCHEMA.read_text()))

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=30)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | texts | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
parameters = st.builds(
    Parameter, st.from_regex(r"[A-Za-z_]\w{0,10}", fullmatch=True), values, texts | st.just("")
)
paths = st.lists(texts, max_size=4).map(tuple)
plans = st.builds(
    Plan,
    step=texts,
    commands=st.lists(texts, min_size=1, max_size=3).map(tuple),
    image=texts,
    files=paths,
    directories=paths,
    parameters=st.lists(parameters, max_size=4, unique_by=lambda each: each.name).map(tuple),
    outputs=paths,
    tests=paths,
)


@unhurried
@given(plans)
def test_any_plan_is_written_as_what_it_says_and_fits_the_schema(plan: Plan) -> None:
    told = yaml.safe_load(write(plan))

    VALIDATOR.validate(told)
    step = told["workflow"]["specification"]["steps"][0]
    assert step["commands"] == list(plan.commands)
    assert (step["name"], step["environment"]) == (plan.step, plan.image)
    inputs = told.get("inputs", {})
    assert inputs.get("files", []) == list(plan.files)
    assert list(inputs.get("parameters", {}).values()) == [x.default for x in plan.parameters]
    assert told.get("outputs", {}).get("files", []) == list(plan.outputs)


def test_it_reads_as_people_write_it() -> None:
    plan = Plan(
        step="fit", commands=("mkdir -p results", "python fit.py --bins=\"${bins}\""),
        image="quay.io/site/physics:1", files=("fit.py",), directories=("data",),
        parameters=(Parameter("bins", 60, "of the histogram"), Parameter("edges", [0, 1.5])),
        outputs=("results/fit.json",), tests=("tests/outputs.feature",),
    )  # fmt: skip

    text = write(plan)

    assert text == (
        "version: 0.9.4\n"
        "inputs:\n"
        "  files:\n"
        "    - fit.py\n"
        "  # from the data lake, or of many files\n"
        "  directories:\n"
        "    - data\n"
        "  parameters:\n"
        "    bins: 60  # of the histogram\n"
        "    edges: [0, 1.5]\n"
        "workflow:\n"
        "  type: serial\n"
        "  specification:\n"
        "    steps:\n"
        "      - name: fit\n"
        "        environment: quay.io/site/physics:1\n"
        "        commands:\n"
        "          - mkdir -p results\n"
        '          - python fit.py --bins="${bins}"\n'
        "outputs:\n"
        "  files:\n"
        "    - results/fit.json\n"
        "tests:\n"
        "  files:\n"
        "    - tests/outputs.feature\n"
    )
    hints = check(text, files={"fit.py", "data/", "tests/outputs.feature"})
    assert [each.where for each in hints] == ["inputs.parameters.edges"]
