"""Permissions of the demo: owners rule over their rules, data managers over everybody's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rucio.common.exception import RuleNotFound
from rucio.core.account import has_account_attribute
from rucio.core.permission import generic
from rucio.core.rule import get_rule

DATA_MANAGER = "data-manager"
OWN_RULE_OPTIONS = frozenset(
    {
        "lifetime",
        "comment",
        "comments",
        "priority",
        "activity",
        "meta",
        "purge_replicas",
        "boost_rule",
        "cancel_requests",
        "eol_at",
    }
)


def has_permission(issuer: Any, action: str, kwargs: dict[str, Any], session: Any) -> bool:
    """Tell whether an account may do an action; what is not said here is said by `generic`."""
    own = OWN_RIGHTS.get(action)
    if own is not None and own(issuer, kwargs, session):
        return True
    if action in DATA_MANAGER_ACTIONS and is_data_manager(issuer, session):
        return True
    return bool(generic.has_permission(issuer, action, kwargs, session=session))


def is_data_manager(issuer: Any, session: Any) -> bool:
    """Tell whether the account carries the attribute of data managers."""
    return bool(has_account_attribute(account=issuer, key=DATA_MANAGER, session=session))


def _owns_rule(issuer: Any, kwargs: Mapping[str, Any], session: Any) -> bool:
    try:
        return bool(get_rule(kwargs["rule_id"], session=session)["account"] == issuer)
    except RuleNotFound:
        return False


def _may_update(issuer: Any, kwargs: Mapping[str, Any], session: Any) -> bool:
    return OWN_RULE_OPTIONS.issuperset(kwargs["options"]) and _owns_rule(issuer, kwargs, session)


def _anybody(issuer: Any, kwargs: Mapping[str, Any], session: Any) -> bool:
    """Allow uploads to every storage: `generic` knows only a few by the end of their names."""
    return True


OWN_RIGHTS: Mapping[str, Callable[[Any, Mapping[str, Any], Any], bool]] = {
    "del_rule": _owns_rule,
    "reduce_rule": _owns_rule,
    "move_rule": _owns_rule,
    "update_rule": _may_update,
    "add_replicas": _anybody,
    "update_replicas_states": _anybody,
}
DATA_MANAGER_ACTIONS = frozenset(
    {
        "approve_rule",
        "del_rule",
        "reduce_rule",
        "move_rule",
        "update_rule",
        "list_requests",
        "list_requests_history",
        "get_local_account_usage",
        "set_local_account_limit",
        "declare_bad_file_replicas",
    }
)
