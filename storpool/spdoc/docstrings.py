"""Docstrings of fields and of module-level names, which Python itself does not keep.

They are read from the source, and so only when the reference is built; where there is no source there are none.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
from typing import Dict, List, Optional

__all__ = ["of_class", "of_module"]


def of_module(module: str) -> Dict[str, str]:
    """Give the docstrings under the assignments of a module, by the assigned name."""
    tree = _tree(module)
    return {} if tree is None else _under_assignments(tree.body)


def of_class(cls: type) -> Dict[str, str]:
    """Give the docstrings under the attributes that the class itself declares, by their names."""
    return _of_classes(cls.__module__).get(cls.__qualname__, {})


@functools.cache
def _tree(module: str) -> Optional[ast.Module]:
    try:
        # Asks the module's loader, so that a library inside a zip archive has its documentation too.
        return ast.parse(inspect.getsource(importlib.import_module(module)))
    except (OSError, TypeError):
        return None


@functools.cache
def _of_classes(module: str) -> Dict[str, Dict[str, str]]:
    tree = _tree(module)
    nodes = () if tree is None else tree.body
    return {node.name: _under_assignments(node.body) for node in nodes if isinstance(node, ast.ClassDef)}


def _under_assignments(body: List[ast.stmt]) -> Dict[str, str]:
    found: Dict[str, str] = {}
    for assignment, below in zip(body, body[1:]):
        text = below.value if isinstance(below, ast.Expr) else None
        if not isinstance(text, ast.Constant) or not isinstance(text.value, str):
            continue
        if isinstance(assignment, ast.Assign):
            targets: List[ast.expr] = assignment.targets
        elif isinstance(assignment, ast.AnnAssign):
            targets = [assignment.target]
        else:
            continue
        found.update({each.id: inspect.cleandoc(text.value) for each in targets if isinstance(each, ast.Name)})
    return found
