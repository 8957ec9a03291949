"""What people can do with analyses: look, reproduce, read the verdict."""

from reproducibility.services.analyses import find_analysis, import_folder, visible_analyses
from reproducibility.services.provisioning import provision
from reproducibility.services.runs import (
    active_count,
    again,
    find_run,
    parameters_of,
    present_state,
    start_run,
    stop_run,
    summary,
)

__all__ = [
    "active_count",
    "again",
    "find_analysis",
    "find_run",
    "import_folder",
    "parameters_of",
    "present_state",
    "provision",
    "start_run",
    "stop_run",
    "summary",
    "visible_analyses",
]
