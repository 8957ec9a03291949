"""The demo's broker, channel layer and cache."""
