"""Finds the call that a user asks for: by its query (``VolumesList``, ``KV/List``) or by its name in Python."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional

from ..spapi.call import CALLS, Call
from .errors import Failure

__all__ = ["Target", "declaration_of", "find", "first", "matching", "query_of", "unknown"]


def query_of(call: Call) -> str:
    """Return the query of a call without its arguments: ``VolumeUpdate``, ``KV/List``."""
    return call.query.partition("/{")[0]


def _first_word(call: Call) -> str:
    return call.query.partition("/")[0]


def _python_name(call: Call) -> str:
    return call.name


def matching(text: str, calls: Mapping[str, Call]) -> Dict[str, Call]:
    """Return the calls that a text stands for.

    That is their query, or else the first word of it, or else their name in Python, or one of these in another case.
    """
    for change_case in (str, str.lower):
        wanted = change_case(text)
        for name_of in (query_of, _first_word, _python_name):
            found = {name: call for name, call in calls.items() if change_case(name_of(call)) == wanted}
            if found:
                return found
    return {}


def first(text: str, calls: Mapping[str, Call]) -> Optional[Call]:
    """Return the first call by name that a text stands for; None if there is none."""
    found = matching(text, calls)
    return found[min(found)] if found else None


class Target(NamedTuple):
    """A method of an Api, and what it takes.

    :ivar parameters: the names of the arguments in the path.
    """

    method: Callable[..., Any]
    parameters: List[str]
    takes_body: bool
    needs_body: bool

    def check(self, query: str, arguments: List[str], json: Optional[str]) -> None:
        """Refuse a command line with the wrong number of arguments, or with a body too many or missing.

        :raises Failure: it is wrong.
        """
        hint = f"storpool_req --describe {query} explains it."
        names = [f"<{name}>" for name in self.parameters]
        if len(arguments) != len(self.parameters):
            raise Failure(
                "cliInvalidNumberOfArguments",
                "Invalid number of arguments supplied",
                summary=f"{query} takes {_counted(len(names), 'argument')}"
                f"{f' ({chr(32).join(names)})' if names else ''}, not {len(arguments)}",
                hint=hint,
                details={
                    "supplied_count": len(arguments),
                    "required_count": len(self.parameters),
                    "required_names": self.parameters,
                },
            )
        if self.needs_body and json is None:
            summary = f"{query} needs a body: KEY=VALUE words, or --json"
            raise Failure("cliJSONRequired", "This method requires JSON data", summary=summary, hint=hint)
        if json is not None and not self.takes_body:
            summary = f"{query} takes no body"
            raise Failure("cliNoJSONRequired", "This method does not require any JSON data", summary=summary, hint=hint)


def _counted(count: int, noun: str) -> str:
    return f"{count or 'no'} {noun}{'' if count == 1 else 's'}"


def find(api: Any, http_method: str, query: str) -> Optional[Target]:
    """Return the method of an Api for a query; if several match, the first by name."""
    calls = {name: call for name, call in CALLS.items() if call.method == http_method and hasattr(api, name)}
    if not calls:
        return _find_documented(api, http_method, query)
    call = first(query, calls)
    if call is None:
        return None
    has_body = call.json is not None
    # Before 7.4.0 optional bodies had to be given on the command line. Scripts may rely on that error.
    needs_body = has_body and not call.jsonLast
    return Target(getattr(api, call.name), [argument._name for argument in call.args], has_body, needs_body)


def _find_documented(api: Any, http_method: str, query: str) -> Optional[Target]:
    """Find a method of an Api that is not ours: test suites put in one whose methods have a `spDoc`."""
    for name in dir(api):
        method = getattr(api, name)
        doc: Any = getattr(method, "spDoc", None)
        words = getattr(doc, "query", None)
        if isinstance(words, str) and doc.method == http_method and words.partition("/")[0] == query:
            has_body = doc.json is not None
            return Target(method, list(doc.args), has_body, has_body)
    return None


def declaration_of(method: Callable[..., Any]) -> Optional[Call]:
    """Return the declaration of a method; None for a method that is not ours."""
    call = getattr(method, "spCall", None)
    return call if isinstance(call, Call) else None


def unknown(http_method: str, query: str) -> Failure:
    """Return the error for a query that does not exist, with similar ones for people."""
    other = "POST" if http_method == "GET" else "GET"
    hint = ""
    if matching(query, {name: call for name, call in CALLS.items() if call.method == other}):
        change = "add" if other == "POST" else "omit"
        summary = f"{query} is a {other} query: {change} -P"
    else:
        similar = _similar(query)
        summary = f"{query}: no such query"
        if similar:
            summary += f"; did you mean {' or '.join(similar)}?"
        else:
            hint = "storpool_req --list lists the queries."
    details = {"method": http_method, "query": query}
    return Failure("cliUnknownQuery", "Unknown API query", summary=summary, hint=hint, details=details)


def _similar(query: str) -> List[str]:
    import difflib  # only for mistyped queries: scripts should start quickly

    for name_of in (query_of, _python_name):
        known = {name_of(call).lower(): name_of(call) for call in CALLS.values()}
        similar = difflib.get_close_matches(query.lower(), known, n=2, cutoff=0.7)
        if similar:
            return [known[name] for name in similar]
    return []
