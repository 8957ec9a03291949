"""The password page: what a home institute shows between the portal and the federation."""

from __future__ import annotations

import hashlib

from django import forms
from django.contrib.auth import authenticate
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from demo import totp
from demo.iam import sessions
from demo.iam.models import Person
from demo.iam.settings import CONFIGURATION
from demo.iam.validator import MULTI_FACTOR, SINGLE_FACTOR

#: Whose password was right and whose code is awaited.
_PENDING = "second_factor_of"
TRIES = 10
WAIT_SECONDS = 300


class PasswordForm(forms.Form):
    """A username and a password."""

    username = forms.CharField(max_length=64)
    password = forms.CharField(max_length=256, strip=False)


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Show the form; with the right password begin a session and go where `next` says."""
    onward = _onward(request)
    if request.method != "POST":
        return _page(request, onward, username=_hint(request, onward))
    form = PasswordForm(request.POST)
    username = request.POST.get("username", "").strip()[:64]
    if not form.is_valid():
        return _page(request, onward, username, "Enter your username and your password.", 400)
    if _tries(username) >= TRIES:
        minutes = WAIT_SECONDS // 60
        problem = f"Too many wrong passwords for this username. Wait {minutes} minutes, then try."
        page = _page(request, onward, username, problem, 429)
        page["Retry-After"] = str(WAIT_SECONDS)
        return page
    person = authenticate(request, **form.cleaned_data)
    if not isinstance(person, Person):
        _count_try(username)
        return _page(request, onward, username, "The username or the password is wrong.", 403)
    cache.delete(_key(username))
    if _totp_secret(person.username):
        request.session[_PENDING] = str(person.pk)
        return _second_page(request, onward, person.username)
    sessions.begin(request, person, acr=SINGLE_FACTOR)
    return HttpResponseRedirect(onward)


@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def second_factor(request: HttpRequest) -> HttpResponse:
    """Take the one-time code of somebody whose password was right."""
    onward = _onward(request)
    person = Person.objects.filter(pk=request.session.get(_PENDING), is_active=True).first()
    if person is None or request.method != "POST":
        return HttpResponseRedirect("/login/")
    slot = f"code:{person.username}"
    if _tries(slot) >= TRIES:
        return _second_page(request, onward, person.username, "Too many wrong codes. Wait.", 429)
    if not totp.is_right(_totp_secret(person.username), request.POST.get("code", "")):
        _count_try(slot)
        return _second_page(request, onward, person.username, "The code is wrong.", 403)
    del request.session[_PENDING]
    sessions.begin(request, person, acr=MULTI_FACTOR)
    return HttpResponseRedirect(onward)


def _second_page(
    request: HttpRequest, onward: str, username: str, problem: str = "", status: int = 200
) -> HttpResponse:
    shown = {"next": onward, "username": username, "problem": problem}
    return render(request, "iam/second_factor.html", shown, status=status)


def _totp_secret(username: str) -> str:
    known = {person.username: person.totp_secret for person in CONFIGURATION.people}
    return known.get(username, "")


def _page(
    request: HttpRequest, onward: str, username: str, problem: str = "", status: int = 200
) -> HttpResponse:
    people = Person.objects.filter(is_active=True).order_by("id")
    shown = {"next": onward, "username": username, "problem": problem, "people": people}
    return render(request, "iam/password.html", shown, status=status)


def _onward(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    allowed = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if allowed else "/"


def _hint(request: HttpRequest, onward: str) -> str:
    """Return the name to begin with: who is signed in already, or whom the client expects."""
    if request.user.is_authenticated:
        return str(request.user.get_username())
    return QueryDict(onward.partition("?")[2]).get("login_hint", "")[:64]


def _key(username: str) -> str:
    return "tries-" + hashlib.sha256(username.casefold().encode()).hexdigest()


def _tries(username: str) -> int:
    return int(cache.get(_key(username), 0))


def _count_try(username: str) -> None:
    """Count a wrong password; the count is forgotten some minutes after the latest one."""
    cache.add(_key(username), 0)
    cache.incr(_key(username))
    cache.touch(_key(username), WAIT_SECONDS)
