"""Interactive sessions on JupyterHub, and the broker of their tokens."""
