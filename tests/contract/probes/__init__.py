"""What tests run inside a session, each file by itself: standard library and vre_session only."""
