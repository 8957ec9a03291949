"""Which identities open somebody's account in Rucio after links, merges and unlinks."""

from __future__ import annotations

import pytest

from accounts import linking, merging, provisioning
from accounts.models import AccountState, BackendAccount, TokenGrant, User
from tests.factories import lend, make_identity, make_user
from tests.fakes.data import FakeDataBackend
from vre_portal import operations
from vre_portal.errors import UpstreamRefused, UpstreamUnavailable
from vre_portal.models import Operation, OperationState

ISSUER = "https://escape.test/"
Pair = tuple[str, str]


def identity_of(user: User, subject: str) -> Pair:
    lend(make_identity(user, issuer=ISSUER, subject=subject), "rucio", f"token-of-{subject}")
    return ISSUER, subject


def provisioned(user: User) -> BackendAccount:
    """Do what waits for the user's account in Rucio and return its row."""
    row = BackendAccount.objects.get(user=user, service="rucio")
    provisioning.begin(row)
    for job in Operation.objects.filter(subject=row.pk, state="waiting"):
        operations.advance(job.pk)
    row.refresh_from_db()
    return row


def unlink(user: User, pair: Pair) -> None:
    linking.unlink(user, str(user.identities.get(subject=pair[1]).pk))


def merge(*, survivor: User, absorbed: User) -> None:
    merging.merge(survivor=survivor, absorbed=absorbed)
    # No provider of these identities is configured here, so none of them gives a role.
    User.objects.filter(pk=survivor.pk).update(roles=["member"])


@pytest.fixture
def second(alice: User, data_backend: FakeDataBackend) -> Pair:
    """Another identity of Alice's, which opens her account in Rucio too."""
    pair = identity_of(alice, "second")
    account = provisioned(alice).account
    assert data_backend.accounts[account] == {pair, (ISSUER, f"sub-{alice.handle}")}
    return pair


def test_an_unlinked_identity_opens_nothing_even_when_no_other_lends_a_token(
    alice: User, second: Pair, data_backend: FakeDataBackend
) -> None:
    TokenGrant.objects.exclude(identity__subject="second").delete()
    unlink(alice, second)

    row = provisioned(alice)

    assert row.state == AccountState.FAILED
    assert second not in data_backend.accounts[row.account]


def test_whoever_comes_with_an_unlinked_identity_gets_an_account_of_their_own(
    alice: User, second: Pair, data_backend: FakeDataBackend
) -> None:
    unlink(alice, second)
    with data_backend.down(UpstreamUnavailable("Rucio does not answer")):
        provisioned(alice)
    newcomer = make_user("newcomer")
    newcomer.identities.all().delete()
    identity_of(newcomer, "second")

    row = provisioned(newcomer)

    assert (row.state, row.account) == (AccountState.READY, newcomer.handle)
    assert data_backend.accounts[alice.handle] == {(ISSUER, f"sub-{alice.handle}")}


def test_a_merge_moves_the_identities_to_the_account_that_stays(
    alice: User, bob: User, data_backend: FakeDataBackend
) -> None:
    provisioned(alice)
    provisioned(bob)

    merge(survivor=alice, absorbed=bob)
    row = provisioned(alice)

    assert (row.state, row.account) == (AccountState.READY, alice.handle)
    assert len(data_backend.accounts[alice.handle]) == 2
    assert data_backend.accounts[bob.handle] == set()


def test_what_waited_to_be_shut_out_is_not_lost_in_a_merge(
    alice: User, bob: User, second: Pair, data_backend: FakeDataBackend
) -> None:
    unlink(alice, second)
    with data_backend.down(UpstreamRefused("Rucio is at odds with itself")):
        provisioned(alice)
    Operation.objects.update(state=OperationState.DONE)

    merge(survivor=bob, absorbed=alice)
    row = provisioned(bob)

    assert row.state == AccountState.READY
    assert all(second not in opening for opening in data_backend.accounts.values())


def test_an_account_that_the_portal_did_not_make_is_left_to_its_operators(
    alice: User, data_backend: FakeDataBackend
) -> None:
    provisioned(alice)
    pair = identity_of(alice, "second")
    data_backend.accounts["robot"] = {pair}

    row = provisioned(alice)

    assert row.state == AccountState.FAILED
    assert "robot" in row.problem
    assert data_backend.accounts["robot"] == {pair}


def test_of_several_accounts_made_elsewhere_none_is_picked(
    alice: User, data_backend: FakeDataBackend
) -> None:
    pair = identity_of(alice, "second")
    data_backend.accounts |= {"robot": {pair}, "daemon": {pair}}

    row = provisioned(alice)

    assert row.state == AccountState.FAILED
    assert "daemon and robot" in row.problem
    assert alice.handle not in data_backend.accounts
