"""The hub's part of the demo: environments, the sandbox, and what runs inside a session."""
