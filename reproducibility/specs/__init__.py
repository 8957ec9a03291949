"""reana.yaml: what is wrong in it, line by line, and its steps as a graph.

Nothing here asks a backend or the database: text comes in, values go out.
"""
