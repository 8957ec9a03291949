"""Calls about the runner and the caller: ping, you, info."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from demo.reana.api.call import Call, route
from demo.reana.services.quota import Allowance, show_seconds
from demo.reana.specification import COMPUTE_BACKENDS
from demo.reana.values import Status
from demo.reana.workspace.listing import size_answer

#: The older dialect's version; what the newer one adds stands in the capabilities.
VERSION = "0.9.4"
CAPABILITIES = ("workflow-specification-bundles-v1",)


def ping(_: Request) -> Response:
    """Answer that the runner is there."""
    return JSONResponse(
        {
            "message": "OK",
            "status": "200",
            "reana_server_version": VERSION,
            "api_capabilities": list(CAPABILITIES),
            "flavour": "vre-demo-runner",
        }
    )


def you(call: Call) -> Response:
    """Answer who the caller is, and what they have taken of what they may take."""
    cpu, disk = call.runner.quota.allowances(call.person)
    return JSONResponse(
        {
            "email": call.person.email,
            "full_name": call.person.name,
            "username": call.person.username,
            "reana_server_version": VERSION,
            "reana_token": {"value": "", "status": "active", "requested_at": ""},
            "quota": {"cpu": _shown(cpu, _milliseconds), "disk": _shown(disk, _bytes)},
        }
    )


def status(call: Call) -> Response:
    """Answer how busy the runner is."""
    counts = call.runner.rows.counts()
    slots, running = call.runner.settings.slots, counts[Status.RUNNING]
    return JSONResponse(
        {
            "workflow": {
                "running": running,
                "pending": counts[Status.PENDING],
                "queued": counts[Status.QUEUED],
                "available": max(slots - running, 0),
                "total": slots,
                "percentage": 100 * max(slots - running, 0) // slots,
                "health": "healthy" if running < slots else "critical",
                "sort": 1,
            }
        }
    )


def info(call: Call) -> Response:
    """Answer what the cluster offers; an extra row says how runs are kept apart."""
    runner, limits = call.runner, call.runner.settings.limits
    memory = f"{(limits.memory_bytes or 0) >> 30}Gi"
    seconds = str(int(runner.settings.job_seconds))
    root, known = str(runner.settings.workspaces), runner.launcher.environments
    titles = [known.named(name).name for name in known.names]
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
        "environments": ("Local environments used in place of images", titles),
        "isolation": ("Isolation of runs", runner.launcher.sentence),
        "concurrent_runs": ("Runs at once", str(runner.settings.slots)),
    }
    return JSONResponse(
        {name: {"title": title, "value": value} for name, (title, value) in rows.items()}
    )


def _shown(allowance: Allowance, amount: Callable[[float], dict[str, object]]) -> dict[str, object]:
    shown: dict[str, object] = {"usage": amount(allowance.used), "health": allowance.health}
    return {**shown, "limit": amount(allowance.limit)} if allowance.limit else shown


def _milliseconds(seconds: float) -> dict[str, object]:
    return {"raw": int(seconds * 1000), "human_readable": show_seconds(seconds)}


def _bytes(size: float) -> dict[str, object]:
    return size_answer(int(size))


ROUTES: list[BaseRoute] = [
    Route("/api/ping", ping, methods=["GET"]),
    route("/api/you", "GET", you),
    route("/api/info", "GET", info),
    route("/api/status", "GET", status),
]
