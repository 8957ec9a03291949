"""Previews of files: what a format shows of a file, made from byte ranges in a caged worker.

Nothing here knows Django: the format modules run in an environment of their own.
"""
