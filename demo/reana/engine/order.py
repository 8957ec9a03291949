"""What the driver of a workflow engine is told to run, and what it needs in sight for that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from demo.reana.engine.launcher import Place, Program
from demo.reana.options import CWL, SNAKEMAKE, YADAGE, Options
from demo.reana.settings import Settings
from demo.reana.values import Workflow

DRIVERS = Path(__file__).resolve().parent.parent / "engines"
#: The environment that each engine lives in; those of the steps know nothing of it.
ENVIRONMENTS = {
    SNAKEMAKE: "engine-snakemake",
    CWL: "engine-cwltool",
    YADAGE: "engine-yadage",
}
#: What an environment has once it is complete (`demo.bootstrap`).
STAMP = ".stamp"
#: The parameter that names a file with the parameters.
INPUT = "input"


def program_of(
    workflow: Workflow, options: Options, *, folder: Path, place: Place, settings: Settings
) -> Program:
    """Write the inputs of an engine into a folder, and return the program that takes them.

    Raises
    ------
    OSError
        The inputs cannot be written.
    """
    engine = workflow.specification["workflow"]["type"]
    environment = settings.environments / ENVIRONMENTS[engine]
    inputs = folder / "inputs"
    inputs.mkdir(parents=True, exist_ok=True)
    inputs.chmod(0o755)
    order = _order(workflow, options, inputs, place=place, at_once=settings.steps_at_once)
    driver = DRIVERS / f"drive_{engine}.py"
    return Program(
        [str(environment / "bin" / "python"), str(driver), json.dumps(order)],
        environments=(environment,),
        read_only=(DRIVERS, inputs),
        read_write=(folder / "events",),
        variables={"RUN_EVENTS": str(folder / "events")},
    )


def engine_is_there(workflow: Workflow, settings: Settings) -> bool:
    """Whether the environment of a workflow's engine is built, which comes last at a start."""
    environment = ENVIRONMENTS.get(workflow.specification["workflow"]["type"])
    return environment is None or (settings.environments / environment / STAMP).exists()


def _order(
    workflow: Workflow, options: Options, inputs: Path, *, place: Place, at_once: int
) -> dict[str, Any]:
    about = workflow.specification["workflow"]
    parameters = dict(workflow.parameters)
    files = [str(place.workspace / one) for one in options.parameter_files]
    if about["type"] != YADAGE and isinstance(parameters.get(INPUT), str) and len(parameters) == 1:
        files.append(str(place.workspace / parameters.pop(INPUT)))
    return {
        "workflow": _workflow_file(about, inputs, place.workspace),
        "loaded": _is_loaded(about),
        "workspace": str(place.workspace),
        "parameters": _written(inputs / "parameters.json", parameters),
        "parameter_files": files,
        "targets": [options.target] if options.target else [],
        "toplevel": str(place.workspace / options.toplevel),
        "initial_folder": str(place.workspace / options.initial_folder),
        "report": options.report,
        "at_once": at_once,
    }


def _is_loaded(about: Any) -> bool:
    """Whether the workflow itself was sent; it goes before the file of that name, as in REANA.

    A Snakefile cannot be sent so: it is a program, and stays in the workspace.
    """
    return about["type"] != SNAKEMAKE and bool(about.get("specification"))


def _workflow_file(about: Any, inputs: Path, workspace: Path) -> str:
    """Return the file of the workflow; yadage looks for it below its top folder."""
    if _is_loaded(about):
        return _written(inputs / "workflow.json", about["specification"])
    return str(about["file"]) if about["type"] == YADAGE else str(workspace / about["file"])


def _written(file: Path, content: Any) -> str:
    file.write_text(json.dumps(content))
    file.chmod(0o644)
    return str(file)
