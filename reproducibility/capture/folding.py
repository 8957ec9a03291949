"""Paths as code writes them: constants, joined in the usual ways, folded without running anything.

What can't be known becomes ``*``, so that ``Path(out) / "fit.json"`` is ``*/fit.json`` and
``f"plot_{n}.png"`` is ``plot_*.png``: patterns that may fit a file that was found.
"""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Callable, Mapping

ANY = "*"
#: The head of a path that counts from the root of what was found.
ROOT = "//"
MAX_DEPTH = 30
#: No path is longer.
MAX_LENGTH = 400


class Folding(ast.NodeVisitor):
    """Expressions into patterns of paths, by the constants that names stand for."""

    def __init__(self, path: str, names: Mapping[str, str], options: Mapping[str, str]) -> None:
        self._names = {"__file__": f"{ROOT}{path}", **names}
        self._options = options
        self._depth = 0

    def path(self, node: ast.expr | None) -> str:
        """Return the pattern of an expression; ``*`` alone is one of which nothing is known."""
        return ANY if node is None else str(self.visit(node))

    def visit(self, node: ast.AST) -> str:
        """Return the pattern of a node, unknown where it is deeper or longer than people write."""
        if self._depth >= MAX_DEPTH:
            return ANY
        self._depth += 1
        try:
            told = str(super().visit(node))
            return told if len(told) <= MAX_LENGTH else ANY
        finally:
            self._depth -= 1

    def generic_visit(self, _node: ast.AST) -> str:
        """Return that nothing is known."""
        return ANY

    def visit_Constant(self, node: ast.Constant) -> str:
        """Return a text, or a number as f-strings write it."""
        plain = isinstance(node.value, str | int | float) and not isinstance(node.value, bool)
        return str(node.value) if plain and _short(node.value) else ANY

    def visit_Name(self, node: ast.Name) -> str:
        """Return what a name stands for."""
        return self._names.get(node.id, ANY)

    def visit_Attribute(self, node: ast.Attribute) -> str:
        """Return a path's folder, or an option's default."""
        if node.attr == "parent":
            return posixpath.dirname(self.path(node.value)) or "."
        return self._options.get(node.attr, ANY)

    def visit_BinOp(self, node: ast.BinOp) -> str:
        """Return paths joined by a slash, or texts joined by a plus."""
        left, right = self.path(node.left), self.path(node.right)
        if isinstance(node.op, ast.Div):
            return posixpath.join(left, right)
        return left + right if isinstance(node.op, ast.Add) else ANY

    def visit_JoinedStr(self, node: ast.JoinedStr) -> str:
        """Return an f-string."""
        return "".join(self.path(part) for part in node.values)

    def visit_FormattedValue(self, node: ast.FormattedValue) -> str:
        """Return what stands in the braces of an f-string."""
        return self.path(node.value)

    def visit_Call(self, node: ast.Call) -> str:
        """Return what a function or method makes of paths."""
        name, receiver = called(node)
        parts = [self.path(each) for each in node.args]
        if name in _JOINING and len(parts) > 1:
            return posixpath.join(*parts)
        known = _FUNCTIONS.get(name)
        if known is not None and parts:
            return known(parts)
        method = _METHODS.get(name)
        if method is not None and receiver is not None:
            return method(self.path(receiver), parts)
        return "." if name in _HERE else ANY


def _short(value: object) -> bool:
    """Whether a constant is no longer than a path; a huge number has no text at all."""
    return not isinstance(value, int) or value.bit_length() < 200


#: What gives a path of the paths that it is called with.
_FUNCTIONS: Mapping[str, Callable[[list[str]], str]] = {
    **dict.fromkeys(
        ("Path", "PurePath", "PosixPath", "str", "fspath", "abspath", "realpath", "normpath",
         "expanduser", "expandvars"), lambda parts: parts[0],
    ),
    "dirname": lambda parts: posixpath.dirname(parts[0]) or ".",
    "get": lambda parts: parts[-1] if len(parts) == 2 else ANY,  # os.environ.get("DATA", "data")
    "getenv": lambda parts: parts[-1] if len(parts) == 2 else ANY,
}  # fmt: skip
#: What gives a path of the path before its dot.
_METHODS: Mapping[str, Callable[[str, list[str]], str]] = {
    **dict.fromkeys(
        ("resolve", "absolute", "as_posix", "expanduser", "strip"), lambda path, _parts: path
    ),
    "joinpath": lambda path, parts: posixpath.join(path, *parts),
    "with_suffix": lambda path, parts: posixpath.splitext(path)[0] + "".join(parts[:1]),
    "with_name": lambda path, parts: posixpath.join(posixpath.dirname(path), *parts[:1]),
}
_HERE = frozenset({"cwd", "getcwd"})
_JOINING = frozenset({"join", "Path", "PurePath", "PosixPath"})


def called(node: ast.Call) -> tuple[str, ast.expr | None]:
    """Return the last name of what is called, and the expression before its dot."""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr, node.func.value
    return (node.func.id, None) if isinstance(node.func, ast.Name) else ("", None)


def constants(module: ast.Module, folding: Folding) -> dict[str, str]:
    """Return names that are given one foldable value, and defaults of functions' parameters."""
    found: dict[str, str] = {}
    for node in ast.walk(module):
        for name, value in _given(node):
            told = folding.path(value)
            found[name] = told if found.get(name, told) == told else ANY
    return {name: told for name, told in found.items() if told != ANY}


def _given(node: ast.AST) -> list[tuple[str, ast.expr]]:
    if isinstance(node, ast.Assign):
        return [(each.id, node.value) for each in node.targets if isinstance(each, ast.Name)]
    if isinstance(node, ast.AnnAssign) and node.value and isinstance(node.target, ast.Name):
        return [(node.target.id, node.value)]
    if isinstance(node, ast.FunctionDef):
        positional = node.args.args[len(node.args.args) - len(node.args.defaults) :]
        keyword = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        named = [*zip(positional, node.args.defaults, strict=True), *keyword]
        return [(argument.arg, default) for argument, default in named if default is not None]
    return []
