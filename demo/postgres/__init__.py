"""The demo's database server."""
