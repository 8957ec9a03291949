"""What people can do with analyses: look, reproduce, read the verdict."""

from reproducibility.services.analyses import (
    find_analysis,
    find_version,
    import_folder,
    visible_analyses,
)
from reproducibility.services.outputs import recorded_output, run_output
from reproducibility.services.parameters import parameters_of
from reproducibility.services.provisioning import provision
from reproducibility.services.runs import (
    active_count,
    again,
    find_run,
    present_state,
    start_run,
    stop_all,
    stop_run,
    summary,
    usual_seconds,
)

__all__ = [
    "active_count",
    "again",
    "find_analysis",
    "find_run",
    "find_version",
    "import_folder",
    "parameters_of",
    "present_state",
    "provision",
    "recorded_output",
    "run_output",
    "start_run",
    "stop_all",
    "stop_run",
    "summary",
    "usual_seconds",
    "visible_analyses",
]
