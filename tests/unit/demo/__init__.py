"""The demo's own machinery."""
