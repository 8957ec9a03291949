"""Calls about the runner and the caller: ping, you, info."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from demo.reana.api.call import Call, route
from demo.reana.specification import COMPUTE_BACKENDS
from demo.reana.store.workflows import Search
from demo.reana.values import Status
from demo.reana.workspace.listing import size_answer

#: The dialect that is spoken here.
VERSION = "0.9.4"


def ping(_: Request) -> Response:
    """Answer that the runner is there."""
    return JSONResponse(
        {
            "message": "OK",
            "status": "200",
            "reana_server_version": VERSION,
            "api_capabilities": [],
            "flavour": "vre-demo-runner",
        }
    )


def you(call: Call) -> Response:
    """Answer who the caller is, and what their workspaces take."""
    kept, _ = call.runner.rows.page(
        call.person.id, Search(statuses=[one for one in Status if one is not Status.DELETED])
    )
    folders = {run.workspace: run for run in kept}
    taken = sum(entry.size for run in folders.values() for entry in call.runner.files.entries(run))
    return JSONResponse(
        {
            "email": call.person.email,
            "full_name": call.person.name,
            "username": call.person.username,
            "reana_server_version": VERSION,
            "reana_token": {"value": "", "status": "active", "requested_at": ""},
            "quota": {
                "disk": {
                    "health": "healthy",
                    "limit": {"raw": 0, "human_readable": "no limit"},
                    "usage": size_answer(taken),
                }
            },
        }
    )


def info(call: Call) -> Response:
    """Answer what the cluster offers; an extra row says how runs are kept apart."""
    runner, limits = call.runner, call.runner.settings.limits
    memory = f"{(limits.memory_bytes or 0) >> 30}Gi"
    seconds = str(int(runner.settings.job_seconds))
    root = str(runner.settings.workspaces)
    rows: dict[str, tuple[str, object]] = {
        "compute_backends": ("List of supported compute backends", list(COMPUTE_BACKENDS)),
        "default_kubernetes_jobs_timeout": ("Default timeout for Kubernetes jobs", seconds),
        "maximum_kubernetes_jobs_timeout": ("Maximum timeout for Kubernetes jobs", seconds),
        "default_kubernetes_memory_limit": ("Memory limit of each process", memory),
        "kubernetes_max_memory_limit": ("Maximum memory limit of each process", memory),
        "default_workspace": ("Default workspace", root),
        "workspaces_available": ("List of available workspaces", [root]),
        "maximum_workspace_retention_period": (
            "Maximum retention period in days for workspace files",
            None,
        ),
        "environments": ("Local environments used in place of images", [runner.environment.name]),
        "isolation": ("Isolation of runs", runner.launcher.sentence),
        "concurrent_runs": ("Runs at once", str(runner.settings.slots)),
    }
    return JSONResponse(
        {name: {"title": title, "value": value} for name, (title, value) in rows.items()}
    )


ROUTES: list[BaseRoute] = [
    Route("/api/ping", ping, methods=["GET"]),
    route("/api/you", "GET", you),
    route("/api/info", "GET", info),
]
