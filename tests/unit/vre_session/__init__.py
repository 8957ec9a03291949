"""What runs inside a session, apart from its server."""
