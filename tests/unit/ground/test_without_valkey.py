"""With Valkey down the portal still answers and loses nothing: rows are the truth."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client, override_settings
from kombu.exceptions import OperationalError

from accounts.models import User
from activity import services as activity
from vre_portal import operations
from vre_portal.models import Operation

NOBODY = "redis://127.0.0.1:1/0"


@pytest.fixture
def no_valkey(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def refuse(*_: object, **__: object) -> None:
        # What kombu says; its connection pool can't be pointed elsewhere in a running process.
        raise OperationalError("Connection refused")

    cache = {**settings.CACHES["default"], "LOCATION": NOBODY}
    layer: Any = deepcopy(settings.CHANNEL_LAYERS["default"])
    layer["CONFIG"]["hosts"][0]["address"] = NOBODY
    monkeypatch.setattr(operations.advance_task, "apply_async", refuse)
    with override_settings(CACHES={"default": cache}, CHANNEL_LAYERS={"default": layer}):
        yield


def test_home_still_opens(browser: Client, no_valkey: None) -> None:
    answer = browser.get("/")

    assert answer.status_code == 200
    assert "not checked yet" in answer.content.decode()


def test_events_are_kept_though_nobody_is_told(
    alice: User, no_valkey: None, django_capture_on_commit_callbacks: type
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        activity.record(user_id=alice.pk, verb="v", subject=("s", 1), text="kept")

    assert activity.visible_to(alice).get().text == "kept"


def test_operations_wait_for_the_clock(
    alice: User, no_valkey: None, django_capture_on_commit_callbacks: type
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        operations.begin("test", subject=uuid.uuid4(), user_id=alice.pk)

    assert Operation.objects.get().state == "waiting"


def test_the_cache_is_a_miss_that_counts_nothing(no_valkey: None) -> None:
    cache.set("key", "value")

    assert cache.get("key", "default") == "default"
    assert cache.get_many(["key"]) == {}
    assert cache.add("key", 1) is False
    assert cache.incr("key") == 0
    assert cache.delete("key") is False
