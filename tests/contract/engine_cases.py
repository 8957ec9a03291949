"""One small analysis in the words of each workflow engine: names are sorted, then greeted."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

NAMES = b"Rosalind\nEmmy\nLise\n"
GREETINGS = b"Hello Emmy!\nHello Lise!\nHello Rosalind!\n"
IMAGE = "docker.io/library/python:3.12-slim"
GREET = "s/^/Hello /; s/$/!/"
STEPS = ("arrange", "greet")


@dataclass(frozen=True)
class Case:
    """A specification, the files that it needs beside the names, and where its result is."""

    result: str
    workflow: dict[str, Any]
    parameters: dict[str, Any]
    files: dict[str, str] = field(default_factory=dict)

    @property
    def specification(self) -> dict[str, Any]:
        """The document that is sent."""
        files = ["data/names.txt", *self.files]
        return {
            "inputs": {"files": files, "parameters": self.parameters},
            "workflow": self.workflow,
            "outputs": {"files": [self.result]},
        }


def serial_step(name: str, command: str) -> dict[str, Any]:
    """Return a step of one command."""
    return {"name": name, "environment": IMAGE, "commands": [command]}


SERIAL = Case(
    result="results/greetings.txt",
    workflow={
        "type": "serial",
        "specification": {
            "steps": [
                serial_step("arrange", "mkdir -p results && sort ${names} > results/sorted.txt"),
                serial_step(
                    "greet",
                    f"sed '{GREET.replace('$', '$$')}' results/sorted.txt > results/greetings.txt",
                ),
            ]
        },
    },
    parameters={"names": "data/names.txt"},
)

SNAKEFILE = f"""
rule all:
    input: "results/greetings.txt"

rule arrange:
    input: config["names"]
    output: "results/sorted.txt"
    container: "docker://{IMAGE}"
    shell: "echo arranging; sort {{input}} > {{output}}"

rule greet:
    input: "results/sorted.txt"
    output: "results/greetings.txt"
    container: "docker://{IMAGE}"
    shell: "sed '{GREET}' {{input}} > {{output}}"
"""

SNAKEMAKE = Case(
    result="results/greetings.txt",
    workflow={"type": "snakemake", "file": "workflow/Snakefile"},
    parameters={"names": "data/names.txt"},
    files={"workflow/Snakefile": SNAKEFILE},
)


def cwl_tool(name: str, base: list[str], output: str) -> dict[str, Any]:
    """Return a tool that takes one file and prints another."""
    return {
        "id": f"#{name}-tool",
        "class": "CommandLineTool",
        "requirements": [{"class": "DockerRequirement", "dockerPull": IMAGE}],
        "baseCommand": base,
        "inputs": [{"id": "given", "type": "File", "inputBinding": {"position": 1}}],
        "stdout": output,
        "outputs": [{"id": "made", "type": "stdout"}],
    }


def cwl_step(name: str, given: str) -> dict[str, Any]:
    """Return a step that runs the tool of its name."""
    return {
        "id": name,
        "run": f"#{name}-tool",
        "in": [{"id": "given", "source": given}],
        "out": ["made"],
    }


CWL = Case(
    result="outputs/greetings.txt",
    workflow={
        "type": "cwl",
        "specification": {
            "cwlVersion": "v1.0",
            "$graph": [
                {
                    "id": "#main",
                    "class": "Workflow",
                    "inputs": [{"id": "names", "type": "File"}],
                    "outputs": [{"id": "greetings", "type": "File", "outputSource": "greet/made"}],
                    "steps": [cwl_step("arrange", "names"), cwl_step("greet", "arrange/made")],
                },
                cwl_tool("arrange", ["sort"], "sorted.txt"),
                cwl_tool("greet", ["sed", GREET], "greetings.txt"),
            ],
        },
    },
    parameters={"names": {"class": "File", "location": "data/names.txt"}},
)


def yadage_stage(name: str, command: str, output: str, given: dict[str, str]) -> dict[str, Any]:
    """Return a stage of one step that takes one file and makes another, as clients load it."""
    selector = {**given, "expression_type": "stage-output-selector"}
    return {
        "name": name,
        "dependencies": {"dependency_type": "jsonpath_ready", "expressions": [given["step"]]},
        "scheduler": {
            "scheduler_type": "singlestep-stage",
            "parameters": [
                {"key": "given", "value": selector},
                {"key": "made", "value": f"{{workdir}}/{output}"},
            ],
            "step": {
                "process": {"process_type": "string-interpolated-cmd", "cmd": command},
                "publisher": {"publisher_type": "frompar-pub", "outputmap": {"made": "made"}},
                "environment": {
                    "environment_type": "docker-encapsulated",
                    "image": IMAGE.rpartition(":")[0],
                    "imagetag": IMAGE.rpartition(":")[2],
                    "resources": [],
                    "envscript": "",
                    "env": {},
                    "workdir": None,
                    "par_mounts": [],
                },
            },
        },
    }


YADAGE = Case(
    result="greet/greetings.txt",
    workflow={
        "type": "yadage",
        "specification": {
            "stages": [
                yadage_stage(
                    "arrange",
                    "sort {given} > {made}",
                    "sorted.txt",
                    {"step": "init", "output": "names"},
                ),
                yadage_stage(
                    "greet",
                    f"sed '{GREET}' {{given}} > {{made}}",
                    "greetings.txt",
                    {"step": "arrange", "output": "made"},
                ),
            ]
        },
    },
    parameters={"names": "data/names.txt"},
)


def from_file(case: Case, file: str) -> Case:
    """Return a case whose workflow is a file of the workspace."""
    about = {"type": case.workflow["type"], "file": file}
    content = json.dumps(case.workflow["specification"])
    return Case(case.result, about, case.parameters, {file: content})


CASES = {"serial": SERIAL, "snakemake": SNAKEMAKE, "cwl": CWL, "yadage": YADAGE}
CASES |= {
    "cwl from a file": from_file(CWL, "workflow/names.cwl"),
    "yadage from a file": from_file(YADAGE, "workflow/names.yaml"),
}
