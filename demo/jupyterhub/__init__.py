"""JupyterHub in the stack: the hub, its proxy and culler, and the sessions that it starts."""
