"""A file from an environment that people made opens in it where it is shared."""

from __future__ import annotations

from accounts.models import User
from sessions.models import Handover
from sessions.services import builds, opening_handovers
from tests.fakes.builder import FakeBuilder
from tests.unit.sessions.builds.conftest import GROUP, made


def test_a_file_from_a_shared_environment_opens_in_it(
    member: User, colleague: User, builder: FakeBuilder
) -> None:
    build = made(member)
    given = Handover.objects.create(
        sender=member, recipient=colleague, environment=build.slug, name="a.ipynb", content=b"{}"
    )

    by_default = opening_handovers.open_somewhere(colleague, given.pk)
    builds.share(build, [GROUP])
    in_it = opening_handovers.open_somewhere(colleague, given.pk)

    assert by_default.environment == "physics"
    assert in_it.environment == build.slug
