"""Reads the docstrings of fields and of module-level names, which Python itself does not keep.

They come from the source, and so only when the reference is built. Without source there are none.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
from typing import Dict, List, Optional

__all__ = ["of_class", "of_module"]


def of_module(module: str) -> Dict[str, str]:
    """Return the docstrings under the assignments of a module, by the assigned name."""
    tree = _tree(module)
    return {} if tree is None else _under_assignments(tree.body)


def of_class(cls: type) -> Dict[str, str]:
    """Return the docstrings under the attributes that the class itself declares, by their names."""
    return _of_classes(cls.__module__).get(cls.__qualname__, {})


@functools.cache
def _tree(module: str) -> Optional[ast.Module]:
    try:
        # getsource() asks the module's loader, so this works for a library inside a zip archive, too.
        return ast.parse(inspect.getsource(importlib.import_module(module)))
    except (OSError, TypeError):
        return None


@functools.cache
def _of_classes(module: str) -> Dict[str, Dict[str, str]]:
    tree = _tree(module)
    statements = () if tree is None else tree.body
    return {
        statement.name: _under_assignments(statement.body)
        for statement in statements
        if isinstance(statement, ast.ClassDef)
    }


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
        found.update({target.id: inspect.cleandoc(text.value) for target in targets if isinstance(target, ast.Name)})
    return found
