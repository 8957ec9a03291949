"""What runs inside the sandbox: a driver for each workflow engine, and the shell of their steps.

The drivers run by path in the engines' own environments, so they import nothing of the demo.
"""
