"""What people keep at hand: favourites, the DIDs that they opened last, searches under a name."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db.models import Exists
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from data_mgmt.backends import Did
from data_mgmt.models import BasketItem, Favourite, RecentDid, SavedSearch
from data_mgmt.models_collections import MAX_SEARCH, MAX_SEARCH_NAME
from data_mgmt.services.catalogue import cache_key
from vre_portal.errors import InvalidRequest, NotFound, QuotaExceeded

MOST_FAVOURITES = 500
MOST_SEARCHES = 100
SHOWN_RECENT = 20
MAX_SCOPE = 30
#: Opened again so soon, a DID is not recorded again.
SOON_SECONDS = 60
#: Parts of an address that say where in a search one is, not what one searches.
PLACE_IN_SEARCH = frozenset({"after", "cursor", "fragment", "limit"})


def checked(did: Did) -> Did:
    """Return a DID that a row can hold, or raise `InvalidRequest`."""
    text = str(did)
    if (
        len(did.scope) > MAX_SCOPE
        or "\x00" in text
        or text != text.encode(errors="ignore").decode()
    ):
        raise InvalidRequest(_("Write the data identifier as scope:name."), field="did")
    return did


def star(user: User, did: Did) -> Favourite:
    """Make a DID one of the user's favourites; one that is, stays.

    Raises
    ------
    QuotaExceeded
        There are too many.
    """
    checked(did)
    mine = Favourite.objects.visible_to(user)
    found = mine.of(did).first()
    if found is not None:
        return found
    _check_room(mine.count(), MOST_FAVOURITES, _("favourites"))
    return Favourite.objects.get_or_create(user=user, did_scope=did.scope, did_name=did.name)[0]


def unstar(user: User, did: Did) -> None:
    """Take a DID off the user's favourites; one that is none stays none."""
    Favourite.objects.visible_to(user).of(did).delete()


def favourites(user: User, *, limit: int = MOST_FAVOURITES) -> list[Favourite]:
    """Return the user's favourites, the newest first."""
    return [*Favourite.objects.visible_to(user)[:limit]]


def marks(user: User, did: Did) -> tuple[bool, bool]:
    """Return whether the user starred a DID, and whether it is in the basket, by one query."""
    starred = Exists(Favourite.objects.visible_to(user).of(did))
    picked = Exists(BasketItem.objects.visible_to(user).of(did).filter(emptied_at=None))
    has_star, is_picked = User.objects.filter(pk=user.pk).values_list(starred, picked).get()
    return has_star, is_picked


def opened(user: User, did: Did) -> None:
    """Record that somebody looks at a DID, at most once a minute; the oldest ones are let go."""
    if not cache.add(cache_key(f"opened:{user.pk}", str(checked(did))), 1, SOON_SECONDS):
        return
    RecentDid.objects.update_or_create(
        user=user,
        did_scope=did.scope,
        did_name=did.name,
        defaults={"created_at": timezone.now()},
    )
    mine = RecentDid.objects.visible_to(user)
    mine.filter(pk__in=[*mine.values_list("pk", flat=True)[SHOWN_RECENT:]]).delete()


def recent(user: User, *, limit: int = SHOWN_RECENT) -> list[RecentDid]:
    """Return the DIDs that the user opened last."""
    return [*RecentDid.objects.visible_to(user)[:limit]]


def forget_recent(user: User) -> None:
    """Forget what the user opened."""
    for row in RecentDid.objects.visible_to(user):
        cache.delete(cache_key(f"opened:{user.pk}", str(row.did)))
    RecentDid.objects.visible_to(user).delete()


def save_search(user: User, *, name: str, query: str) -> SavedSearch:
    """Keep a search under a name; the same search again gets the new name.

    Raises
    ------
    InvalidRequest
        There is no name, or no search; `field` says which.
    QuotaExceeded
        There are too many.
    """
    wanted, called = _searched(query), _called(name)
    mine = SavedSearch.objects.visible_to(user)
    if not mine.filter(query=wanted).exists():
        _check_room(mine.count(), MOST_SEARCHES, _("saved searches"))
    return SavedSearch.objects.update_or_create(user=user, query=wanted, defaults={"name": called})[
        0
    ]


def searches(user: User) -> list[SavedSearch]:
    """Return the user's saved searches, the newest first."""
    return [*SavedSearch.objects.visible_to(user)]


def find_search(user: User, key: UUID | str) -> SavedSearch:
    """Return a saved search of the user's, or raise `NotFound`."""
    try:
        return SavedSearch.objects.visible_to(user).get(pk=key)
    except (SavedSearch.DoesNotExist, ValidationError) as exc:
        raise NotFound(_("There is no such saved search.")) from exc


def rename_search(search: SavedSearch, name: str) -> SavedSearch:
    """Give a saved search another name."""
    search.name = _called(name)
    search.save(update_fields=["name"])
    return search


def _called(name: str) -> str:
    called = " ".join(name.split())
    if not called or len(called) > MAX_SEARCH_NAME or "\x00" in called:
        raise InvalidRequest(
            _("Give the search a name of at most %(most)d characters.") % {"most": MAX_SEARCH_NAME},
            field="name",
        )
    return called


def _searched(query: str) -> str:
    """Return the query of the data page's address in one order, without the place in the list."""
    pairs = [
        (key, value)
        for key, value in parse_qsl(query.lstrip("?"))
        if value.strip() and key not in PLACE_IN_SEARCH
    ]
    text = urlencode(sorted(pairs))
    if not text or len(text) > MAX_SEARCH:
        raise InvalidRequest(_("Search for something first, then save it."), field="query")
    return text


def _check_room(there: int, most: int, what: str) -> None:
    if there >= most:
        raise QuotaExceeded(
            _("You have %(most)d %(what)s, which is the most. Remove one first.")
            % {"most": most, "what": what},
            need=1,
            limit=most,
            used=there,
        )
