"""Node.js where the machine has none, and what npm installs for the hub and the tests."""
