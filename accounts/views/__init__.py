"""The account pages, one module a page."""
