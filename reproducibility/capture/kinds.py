"""What a file is by its name: code, document, hidden, perhaps a secret, or data."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from reproducibility.capture.values import FoundFile

PYTHON, NOTEBOOK = ".py", ".ipynb"
SHELL = frozenset({".sh", ".bash"})
ROOT_MACRO = frozenset({".C", ".cxx", ".cpp", ".cc"})
#: Languages of which a file can be started, beside Python and notebooks.
SCRIPTS = SHELL | ROOT_MACRO | {".R", ".r", ".jl"}
_CODE = SCRIPTS | {
    PYTHON, NOTEBOOK, ".c", ".h", ".hh", ".hpp", ".f", ".f90", ".smk", ".cwl", ".yaml", ".yml",
    ".toml", ".cfg", ".ini", ".feature",
}  # fmt: skip
_CODE_NAMES = frozenset({"Snakefile", "Makefile", "CMakeLists.txt"})
_DOCUMENTS = re.compile(
    r"(?i)(?:readme|licen[cs]e|copying|citation|authors|changelog|requirements|codemeta|dockerfile"
    r"|environment|apt|runtime|install|notice)\b.*|.*\.(?:md|rst)"
)
_SECRETS = re.compile(
    r"(?i).*\.(?:pem|key|p12|pfx|jks|keytab)|id_(?:rsa|dsa|ecdsa|ed25519)|x509up.*"
    r"|.*(?:password|passwd|secret|credential).*|.*[._-]?token(?:\.(?:txt|json))?"
)
_MACHINE_MADE = frozenset(
    {"__pycache__", "node_modules", "venv", "site-packages", "lost+found", "__MACOSX"}
)
RESULT_FOLDERS = frozenset(
    {"results", "result", "output", "outputs", "out", "plots", "figures", "figs"}
)


def is_code(path: str) -> bool:
    """Whether a file is a program, or what configures one."""
    name = PurePosixPath(path)
    return name.suffix in _CODE or name.name in _CODE_NAMES


def is_document(path: str) -> bool:
    """Whether a file tells people, or a builder of environments, about the code."""
    return _DOCUMENTS.fullmatch(PurePosixPath(path).name) is not None


def is_hidden(path: str) -> bool:
    """Whether a file is of a folder that tools keep for themselves."""
    parts = PurePosixPath(path).parts
    return any(part.startswith(".") or part in _MACHINE_MADE for part in parts) or path.endswith(
        (".pyc", "~")
    )


def may_be_secret(path: str) -> bool:
    """Whether a file's name is one that keys and passwords have."""
    name = PurePosixPath(path)
    return name.suffix not in {PYTHON, NOTEBOOK} and _SECRETS.fullmatch(name.name) is not None


def is_result(path: str) -> bool:
    """Whether a file lies in a folder that people keep for results."""
    return any(part.lower() in RESULT_FOLDERS for part in PurePosixPath(path).parts[:-1])


def text_of(file: FoundFile) -> str:
    """Return a file's text, as far as it is one; empty where its content is not there."""
    return (file.content or b"").decode("utf-8-sig", errors="replace")
