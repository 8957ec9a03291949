"""The demo's OpenID providers: one small Django project, run once as each of two providers."""
