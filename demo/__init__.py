"""The embedded stack: every system behind the portal, for real, on one machine."""
