"""RO-Crates of analyses: the metadata that go out, and what they say when they come in again.

Nothing here knows the database: `services.crates` gathers what is written, and
`services.captures.crates` hands in what is read.
"""
