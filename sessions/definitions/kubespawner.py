"""Environments as KubeSpawner's `profile_list`.

KubeSpawner puts names and descriptions into its form as they are: they are escaped here.
Source: https://jupyterhub-kubespawner.readthedocs.io/en/latest/spawner.html (7.1).
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from sessions.definitions.values import (
    Accelerator,
    Choice,
    Environment,
    Option,
    Settings,
    UnlistedChoice,
)

SECONDS = 3600


def profile_list(environments: Iterable[Environment]) -> list[dict[str, Any]]:
    """Return a profile for each environment that has an image; hand in only what may be used."""
    return [_profile(each) for each in environments if runs_on_kubernetes(each)]


def runs_on_kubernetes(environment: Environment) -> bool:
    """Whether an image is there, whatever is chosen: without one KubeSpawner takes its own."""
    return bool(environment.settings.image) or any(
        option.choices and all(choice.settings.image for choice in option.choices)
        for option in environment.options
    )


def overrides(settings: Settings) -> dict[str, Any]:
    """Return the spawner's attributes for what is settled; what is limited is guaranteed too."""
    found: dict[str, Any] = {}
    if settings.image:
        found["image"] = settings.image
    if settings.cpu:
        found["cpu_limit"] = float(settings.cpu)
        found["cpu_guarantee"] = float(settings.cpu_guarantee or settings.cpu)
    if settings.memory_gb:
        found["mem_limit"] = gigabytes(settings.memory_gb)
        found["mem_guarantee"] = gigabytes(settings.memory_guarantee_gb or settings.memory_gb)
    if settings.accelerator:
        found |= _accelerated(settings.accelerator)
    return found


def gigabytes(number: float) -> str:
    """Return memory as KubeSpawner takes it; its G is 1024 to the third."""
    return f"{number:g}G"


def _profile(environment: Environment) -> dict[str, Any]:
    override = overrides(environment.settings)
    override["default_url"] = f"/{environment.default_url}"
    longest = environment.max_lifetime_hours or environment.settings.lifetime_hours
    profile: dict[str, Any] = {
        "slug": environment.slug,
        "display_name": escape(environment.title),
        "description": escape(environment.description),
        "default": environment.default,
        "kubespawner_override": override | _deadline(longest),
    }
    if environment.options:
        ends = not environment.max_lifetime_hours
        profile["profile_options"] = {
            option.key: _option(option, ends=ends) for option in environment.options
        }
    return profile


def _option(option: Option, *, ends: bool) -> dict[str, Any]:
    made: dict[str, Any] = {
        "display_name": escape(option.title),
        "choices": {
            choice.slug: _choice(choice, default=choice.slug == option.default, ends=ends)
            for choice in option.choices
        },
    }
    if option.unlisted:
        made["unlisted_choice"] = _unlisted(option.unlisted)
    return made


def _choice(choice: Choice, *, default: bool, ends: bool) -> dict[str, Any]:
    deadline = _deadline(choice.settings.lifetime_hours) if ends else {}
    return {
        "display_name": escape(choice.title),
        "default": default,
        "kubespawner_override": overrides(choice.settings) | deadline,
    }


def _unlisted(unlisted: UnlistedChoice) -> dict[str, Any]:
    memory = {"mem_limit": "{value}G", "mem_guarantee": "{value}G"}
    return {
        "enabled": True,
        "display_name": escape(unlisted.title),
        "validation_regex": unlisted.validation_regex,
        "validation_message": escape(unlisted.validation_message),
        "kubespawner_override": memory if unlisted.sets == "memory_gb" else {"image": "{value}"},
    }


def _accelerated(accelerator: Accelerator) -> dict[str, Any]:
    devices = {accelerator.kind: str(accelerator.count)}
    return {
        "extra_resource_limits": devices,
        "extra_resource_guarantees": dict(devices),
        "node_selector": dict(accelerator.node_selector),
    }


def _deadline(hours: float | None) -> dict[str, Any]:
    """Have Kubernetes itself end a pod, should neither portal nor hub be there to do it."""
    if not hours:
        return {}
    return {"extra_pod_config": {"activeDeadlineSeconds": int(hours * SECONDS)}}
