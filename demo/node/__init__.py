"""Node.js, for the hub's proxy, where the machine has none."""
