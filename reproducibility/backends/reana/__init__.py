"""REANA by its REST API, in each of its dialects: the one package that knows it."""

from reproducibility.backends.reana.backend import ReanaBackend

__all__ = ["ReanaBackend"]
