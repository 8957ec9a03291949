"""The demo's mail server, which keeps each message as a file."""
