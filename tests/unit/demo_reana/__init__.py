"""The demo's runner, as far as it runs without its server."""
