"""Permissions of the demo: owners rule over their rules, members act for their groups.

Data managers may do for everybody what repairs and approves. A site's own policy package needs the
same three parts; docs/operations.md tells which portal function asks for which.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rucio.common.exception import RuleNotFound
from rucio.common.types import InternalAccount
from rucio.core.account import has_account_attribute, list_account_attributes
from rucio.core.permission import generic
from rucio.core.rule import get_rule
from rucio.core.scope import is_scope_owner

DATA_MANAGER = "data-manager"
#: Before the name of a group's account: the attribute of those who may act for it.
GROUP = "group-"
OWN_RULE_OPTIONS = frozenset(
    {
        "lifetime",
        "locked",
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
    if action in MAKING:
        # `generic` would let everybody make DIDs in the name of others.
        return bool(generic.perm_default(issuer, kwargs, session=session))
    return bool(generic.has_permission(issuer, action, kwargs, session=session))


def is_data_manager(issuer: Any, session: Any) -> bool:
    """Tell whether the account carries the attribute of data managers."""
    return bool(has_account_attribute(account=issuer, key=DATA_MANAGER, session=session))


def acts_for(issuer: Any, account: Any, session: Any) -> bool:
    """Tell whether an account is the other one, or a member of the group that has it."""
    if issuer == account:
        return True
    key = f"{GROUP}{account.external}"
    return bool(has_account_attribute(account=issuer, key=key, session=session))


def _owns_rule(issuer: Any, kwargs: Mapping[str, Any], session: Any) -> bool:
    try:
        owner = get_rule(kwargs["rule_id"], session=session)["account"]
    except RuleNotFound:
        return False
    return acts_for(issuer, owner, session)


def _may_update(issuer: Any, kwargs: Mapping[str, Any], session: Any) -> bool:
    return OWN_RULE_OPTIONS.issuperset(kwargs["options"]) and _owns_rule(issuer, kwargs, session)


def _may_add_rule(issuer: Any, kwargs: Mapping[str, Any], session: Any) -> bool:
    return not kwargs["locked"] and acts_for(issuer, kwargs["account"], session)


def _may_read_usage(issuer: Any, kwargs: Mapping[str, Any], session: Any) -> bool:
    return acts_for(issuer, kwargs["account"], session)


def _owns_subscription(issuer: Any, kwargs: Mapping[str, Any], session: Any) -> bool:
    """Let owners edit and end theirs; only data managers make new ones."""
    return acts_for(issuer, kwargs["account"], session)


def _owns_scope(issuer: Any, scope: Any, session: Any) -> bool:
    names = [str(row["key"]) for row in list_account_attributes(account=issuer, session=session)]
    groups = [name.removeprefix(GROUP) for name in names if name.startswith(GROUP)]
    accounts = [issuer, *(InternalAccount(name, vo=issuer.vo) for name in groups)]
    return any(is_scope_owner(scope=scope, account=each, session=session) for each in accounts)


def _may_write(issuer: Any, kwargs: Mapping[str, Any], session: Any) -> bool:
    return _owns_scope(issuer, kwargs["scope"], session)


def _may_make(issuer: Any, kwargs: Mapping[str, Any], session: Any) -> bool:
    named = [rule["account"] for rule in kwargs.get("rules") or ()]
    # Of one DID it comes as Rucio's own type, in a list as a text.
    owner = getattr(kwargs.get("account"), "external", kwargs.get("account"))
    if owner:
        named.append(InternalAccount(owner, vo=issuer.vo))
    allowed = all(acts_for(issuer, account, session) for account in named)
    return allowed and _may_write(issuer, kwargs, session)


def _may_make_all(issuer: Any, kwargs: Mapping[str, Any], session: Any) -> bool:
    return all(_may_make(issuer, did, session) for did in kwargs["dids"])


def _may_attach_all(issuer: Any, kwargs: Mapping[str, Any], session: Any) -> bool:
    return all(_may_write(issuer, each, session) for each in kwargs["attachments"])


def _anybody(issuer: Any, kwargs: Mapping[str, Any], session: Any) -> bool:
    """Allow uploads to every storage: `generic` knows only a few by the end of their names."""
    return True


OWN_RIGHTS: Mapping[str, Callable[[Any, Mapping[str, Any], Any], bool]] = {
    "add_rule": _may_add_rule,
    "del_rule": _owns_rule,
    "reduce_rule": _owns_rule,
    "move_rule": _owns_rule,
    "update_rule": _may_update,
    "update_subscription": _owns_subscription,
    "get_local_account_usage": _may_read_usage,
    "add_did": _may_make,
    "add_dids": _may_make_all,
    "attach_dids": _may_write,
    "detach_dids": _may_write,
    "attach_dids_to_dids": _may_attach_all,
    "set_metadata": _may_write,
    "set_metadata_bulk": _may_write,
    "set_status": _may_write,
    "add_replicas": _anybody,
    "update_replicas_states": _anybody,
}
MAKING = frozenset({"add_did", "add_dids"})
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
        "set_status",
        "add_subscription",
        "update_subscription",
    }
)
