"""Shells that show in their prompt that they have a cluster."""

from __future__ import annotations

import os
import shlex
import tempfile
from contextlib import ExitStack
from typing import Dict, List

MARK = "(storpool_sim) "

#: What bash reads in place of ~/.bashrc, and zsh in place of ~/.zshrc: that file first, or it would undo the rest.
_BASH = """\
[ -r ~/.bashrc ] && . ~/.bashrc
PATH={bin}:"$PATH"
PS1='{mark}'"$PS1"
"""
_ZSHENV = """\
[[ -r {home}/.zshenv ]] && . {home}/.zshenv
ZDOTDIR={own}
"""
_ZSHRC = """\
ZDOTDIR={home}
[[ -r {home}/.zshrc ]] && . {home}/.zshrc
PATH={bin}:"$PATH"
PROMPT='{mark}'"$PROMPT"
"""


def with_prompt(program: List[str], env: Dict[str, str], stack: ExitStack) -> List[str]:
    """Return the command that runs a program; where it is a shell for somebody to type at, one that has the mark.

    :param env: the environment, to which variables may be added.
    :param stack: removes, when it is closed, the files that this takes.
    """
    shell = os.path.basename(program[0])
    if len(program) > 1 or shell not in ("bash", "zsh", "sh", "dash", "ksh"):
        return program
    if shell in ("sh", "dash", "ksh"):
        env["PS1"] = f"{MARK}{env.get('PS1', '$ ')}"
        return program
    own = stack.enter_context(tempfile.TemporaryDirectory(prefix="storpool_sim."))
    values = {
        "mark": MARK,
        "own": shlex.quote(own),
        "home": shlex.quote(env.get("ZDOTDIR") or os.path.expanduser("~")),
        "bin": shlex.quote(env["PATH"].partition(os.pathsep)[0]),
    }
    texts = {"bashrc": _BASH} if shell == "bash" else {".zshenv": _ZSHENV, ".zshrc": _ZSHRC}
    for name, text in texts.items():
        with open(os.path.join(own, name), "w", encoding="utf-8") as file:
            file.write(text.format(**values))
    if shell == "bash":
        return [*program, "--rcfile", os.path.join(own, "bashrc")]
    env["ZDOTDIR"] = own
    return program
