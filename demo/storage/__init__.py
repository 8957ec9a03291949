"""The door of the demo's storages: their folders over HTTP, for tokens of its providers."""
