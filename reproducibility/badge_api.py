"""The badge of an analysis, for everybody and for other sites' pages."""

from __future__ import annotations

from hashlib import sha256

from django.http import HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils.cache import get_conditional_response
from django.utils.translation import override
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.models import User
from reproducibility.services.badges import Badge, badge_of, badged, nothing_known
from vre_portal.components.states import Tone
from vre_portal.config import get_config

SVG = "image/svg+xml"
#: A browser or a proxy may show a badge so long before it asks again.
SECONDS = 120
#: Verdana of 11 px takes so much for a letter on the average, in pixels.
LETTER, PADDING = 6.4, 9
#: Grounds on which white can be read, whatever page stands around.
GROUNDS = {
    Tone.OK: "#12703d", Tone.WAIT: "#855000", Tone.BAD: "#b42318",
    Tone.RUN: "#0b5fc0", Tone.IDLE: "#465064",
}  # fmt: skip


class BadgeView(APIView):
    """How an analysis stands, as a picture."""

    permission_classes = ()
    area = "workflows"

    @extend_schema(
        operation_id="analysis_badge",
        parameters=[OpenApiParameter("version", str, description="A version's number.")],
        responses={(200, SVG): OpenApiTypes.STR, (404, SVG): OpenApiTypes.STR},
        auth=[],
    )
    def get(self, request: Request, key: str) -> HttpResponseBase:
        """Return the badge of a published analysis; of all others one and the same, with 404."""
        # In one language, whoever asks: what lies in a cache is for everybody.
        with override(get_config().default_language):
            return self._answer(request, key)

    def _answer(self, request: Request, key: str) -> HttpResponseBase:
        user = request.user if isinstance(request.user, User) and request.auth is None else None
        number = request.GET.get("version", "")
        standing = badged(key, number=number)
        if standing is not None:
            return _public(request, badge_of(standing))
        own = badged(key, number=number, user=user) if user else None
        if own is None:
            return _picture(nothing_known(), f"public, max-age={SECONDS}", status=404)
        return _picture(badge_of(own), "private, no-cache")

    def perform_content_negotiation(
        self,
        request: Request,
        force: bool = False,
    ) -> tuple[BaseRenderer, str]:
        """Give the picture whatever `Accept` says: there is no other form of it."""
        return super().perform_content_negotiation(request, force=True)


def _public(request: Request, badge: Badge) -> HttpResponseBase:
    answer = _picture(badge, f"public, max-age={SECONDS}")
    etag = f'"{sha256(answer.content).hexdigest()[:16]}"'
    answer["ETag"] = etag
    return get_conditional_response(request._request, etag=etag, response=answer) or answer


def _picture(badge: Badge, cache: str, *, status: int = 200) -> HttpResponse:
    answer = HttpResponse(drawn(badge), content_type=SVG, status=status)
    answer["Cache-Control"] = cache
    answer["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer


def drawn(badge: Badge) -> str:
    """Return a badge as SVG that needs nothing around it."""
    left, right = (_width(text) for text in (badge.left, badge.right))
    values = {
        "badge": badge, "ground": GROUNDS[badge.tone],
        "left": left, "right": right, "width": round(left + right, 1),
        "left_middle": round(left / 2, 1), "right_middle": round(left + right / 2, 1),
        "left_length": round(left - 2 * PADDING, 1), "right_length": round(right - 2 * PADDING, 1),
    }  # fmt: skip
    return render_to_string("reproducibility/badge.svg", values)


def _width(text: str) -> float:
    return round(len(text) * LETTER + 2 * PADDING, 1)
