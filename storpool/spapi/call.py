"""How a call is declared: GET and POST, the checks at import, the registry, and the function that a call becomes.

A declared call is a function with a real signature and no body: its path arguments, ``json`` where it has a body, and
``clusterName`` and ``returnRawAPIData``. The decorator checks that the path's placeholders are its parameters, and
records a description in :data:`CALLS`, which the reference, the command line and the simulated cluster read.
Annotations are evaluated when a call is first made or asked about.
"""

from __future__ import annotations

import functools
import logging
import re
from types import MethodType
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple, Type, TypeVar
from urllib.parse import quote

from ..spcatch import InvalidArgumentError, shown
from ..sptype import Node, spType
from ..sptype.annotations import annotations_of
from ..sptype.irregular import summary_of_irregular
from ..sptype.lazy import lazy
from ..sptype.nodes import IRREGULAR, Collection, Maybe
from ..sptype.reference import SpDoc
from ..sptype.unknown import warn_of_unknown
from ..sptypes.replies import ApiOk
from .client import Client, _format_path, read_data
from .errors import UnusableReplyError

__all__ = ["CALLS", "GET", "POST", "Argument", "Call", "Section"]

F = TypeVar("F", bound=Callable[..., Any])

_log = logging.getLogger("storpool.spapi")

# The names of the API go into paths as they are, as in the original; what a path cannot hold, as keys may, is encoded.
_PLAIN = "!\"#$&'()*+,:;<=>@[\\]^`{|}~"
_COMMON = ("clusterName", "returnRawAPIData")


class Argument:
    """An argument in the path of a call: its name and its type."""

    def __init__(self, name: str, declared: Any) -> None:
        self._name = name
        self._type = spType(declared)


class Call:
    """A call of the API.

    :ivar name: the name of the method.
    :ivar method: GET or POST.
    :ivar query: the path below the prefix, with placeholders: ``VolumeUpdate/{volumeName}``.
    :ivar path: the whole path, with placeholders, and with ``/MultiCluster/`` where the call can span clusters.
    :ivar multiCluster: whether it can span clusters.
    :ivar allClusters: whether all clusters of a multicluster can answer it, each for itself.
    :ivar since: the version of the API that brought it; ``until``, the one that dropped it, or empty.
    :ivar section: the class that declares it; None for one made by hand.
    :ivar function: the declared function; None for one made by hand.
    """

    def __init__(
        self,
        method: str,
        multiCluster: bool,
        query: str,
        args: Sequence[Argument] = (),
        json: Any = None,
        returns: Any = None,
        since: str = "1.0.0",
        until: str = "",
        allClusters: bool = False,
    ) -> None:
        self.name = re.sub(r"\W+", "_", query.split("/{")[0])
        self.method = method
        self.multiCluster = multiCluster
        self.allClusters = allClusters or (multiCluster and method == "GET")
        self.query = query
        self.path = _format_path(query, multiCluster)
        self.since = since
        self.until = until
        self.types: Dict[str, Any] = {}
        self.function: Optional[Callable[..., Any]] = None
        self.section: Optional[Type[Section]] = None
        self._declared = (list(args), json, returns)

    @lazy
    def _nodes(self) -> Tuple[List[Argument], Optional[Node], Node]:
        args, json, returns = self._declared
        if self.function is not None:
            notes = annotations_of(self.function)
            names = [*self.function.__code__.co_varnames[1 : self.function.__code__.co_argcount], "return"]
            nodes: Dict[str, Node] = {}
            for name in names:
                if name in _COMMON:
                    continue
                if name not in notes:
                    raise TypeError(f"{self.function.__qualname__}: {name} has no annotation")
                try:
                    nodes[name] = spType(notes[name], self.function.__globals__)
                except TypeError as exc:
                    raise TypeError(f"{self.function.__qualname__}: {name}: {exc}") from exc
            returns, json = nodes.pop("return"), nodes.pop("json", None)
            args = [Argument(name, node) for name, node in nodes.items()]
        body = None if json is None else spType(json)
        if body is not None and self.jsonOptional and not isinstance(body, Maybe):
            body = Maybe(getattr(body, "wrapped", body))
        return args, body, spType(returns)

    @lazy
    def args(self) -> List[Argument]:
        """The arguments in the path."""
        return self._nodes[0]

    @lazy
    def json(self) -> Optional[Node]:
        """The node of the body; None where the call takes none."""
        return self._nodes[1]

    @lazy
    def returns(self) -> Node:
        """The node of the result."""
        return self._nodes[2]

    @property
    def jsonOptional(self) -> bool:
        """Whether the call has a body that may be left out."""
        if self.function is None:
            return isinstance(self._declared[1], Maybe)
        names = self.function.__code__.co_varnames[: self.function.__code__.co_argcount]
        return "json" in names and len(names) - names.index("json") <= len(self.function.__defaults__ or ())

    @property
    def jsonLast(self) -> bool:
        """Whether the body stands behind ``returnRawAPIData``: a later version of the API brought it."""
        if self.function is None:
            return False
        names = self.function.__code__.co_varnames[: self.function.__code__.co_argcount]
        return "json" in names and names.index("json") > names.index("clusterName")

    @property
    def title(self) -> str:
        """The first line of the documentation."""
        return _paragraphs(self.function)[0].rstrip(".")

    @property
    def text(self) -> str:
        """The documentation below the first line."""
        return _paragraphs(self.function)[1]

    spDoc = SpDoc(lambda spdoc, call: spdoc.call_doc(call, call.title, call.text))

    def doc(self, name: str, text: str) -> Call:
        """Document a call made by hand; return the call itself."""
        self.__dict__["spDoc"] = SpDoc(lambda spdoc, call: spdoc.call_doc(call, name, text)).__get__(self, Call)
        return self

    def __call__(self, function: F) -> F:
        """Declare the call by a function: its signature is the call's."""
        names = function.__code__.co_varnames[1 : function.__code__.co_argcount]
        path_names = [name for name in names if name not in ("json", *_COMMON)]
        if path_names != re.findall(r"\{(\w+)\}", self.query):
            raise TypeError(f"{function.__qualname__}: the parameters {path_names} are not those of {self.query!r}")
        if names[len(path_names) :] not in (("json", *_COMMON), _COMMON, (*_COMMON, "json")):
            raise TypeError(
                f"{function.__qualname__}: after its path arguments a call has json or none, then {_COMMON}; "
                f"json stands last where a later version of the API brought it"
            )
        self.name = function.__name__
        self.function = function
        compiled: List[Callable[..., Any]] = []

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            if not compiled:
                compiled.append(self.compile())
            return compiled[0](*args, **kwargs)

        return self._labelled(call)  # type: ignore[no-any-return]

    def _labelled(self, function: Any) -> Any:
        """Give the function of a call what programs ask of it; the name also as Python 2 had it."""
        function.spCall, function.spDoc, function.func_name = self, _Entry(self), self.name
        return function

    def __get__(self, api: Any, owner: Any = None) -> Any:
        """Act as a method, for calls that users put on the class: ``Api.myCall = GET("Query/{x}", ARG)``."""
        return self._function if api is None else MethodType(self._function, api)

    @lazy
    def _function(self) -> Callable[..., Any]:
        return self.compile()

    def compile(self) -> Callable[..., Any]:
        """Make the plain function that does the call: ``f(api, <arguments>, json, clusterName, returnRawAPIData)``."""
        names = [argument._name for argument in self.args]
        parameters = ["clusterName=None", "returnRawAPIData=False"]
        if self.json is not None:
            body = "json=None" if self.jsonOptional else "json"
            parameters = [*parameters, body] if self.jsonLast else [body, *parameters]
        parameters = names + parameters
        code = (
            f"def {self.name}(api, {', '.join(parameters)}):\n"
            f"    return run(api, ({''.join(f'{each}, ' for each in names)}), "
            f"{'None' if self.json is None else 'json'}, clusterName, returnRawAPIData)\n"
        )
        env: Dict[str, Any] = {"run": self._run}
        exec(code, env)  # noqa: S102 - the code is ours, made from the declaration
        return self._labelled(env[self.name])  # type: ignore[no-any-return]

    def written(self, values: Sequence[Any]) -> str:
        """Give the query with its arguments in place.

        :raises InvalidArgumentError: a bad argument, or too many or too few of them.
        """
        if len(values) != len(self.args):
            raise InvalidArgumentError(
                f"takes {len(self.args)} arguments, and {len(values)} were given", root=self.name
            )
        texts: Dict[str, str] = {}
        for argument, value in zip(self.args, values):
            try:
                texts[argument._name] = _in_path(str(argument._type.from_caller(value)))
            except InvalidArgumentError as exc:
                raise exc.within(f".{argument._name}", exc.partial, self.name) from None
            except UnicodeError as exc:  # a lone surrogate, which no encoding carries
                text = f"{shown(value)} cannot be sent: {exc}"
                raise InvalidArgumentError(text, None, f".{argument._name}", self.name) from None
        return self.query.format(**texts) if texts else self.query

    def _run(self, api: Any, values: Sequence[Any], json: Any, clusterName: Optional[str], raw: bool) -> Any:
        """Validate, send, convert."""
        query, body = self.written(values), json
        if self.json is not None:
            try:
                body = self.json.from_caller(json)
            except InvalidArgumentError as exc:
                raise exc if exc.root else exc.within(".json", exc.partial, self.name) from None
            warn_of_unknown(self.json, json, self.name)
        try:
            if type(api).__call__ is not Client.__call__:
                # A subclass may get its data from anywhere.
                data = api(self.method, self.multiCluster, query, body, clusterName=clusterName)
                return data if raw else self.converted(data)
            read = read_data if raw else self._read
            return api.exchange(self.method, self.multiCluster, query, body, clusterName, read)
        except InvalidArgumentError as exc:
            # The client knows what of a request is bad, and not which call that is.
            if exc.root:
                raise
            raise exc.within("", exc.partial, self.name) from exc.__cause__

    def _read(self, status: Any, payload: Any) -> Any:
        """Make the result of a reply, or raise ApiError."""
        returns = self.returns
        if status == 200 and type(payload) is bytes and isinstance(returns, Collection) and returns.reader is not None:
            result = returns.reader.decode(payload)
            if result is not IRREGULAR:
                if _log.isEnabledFor(logging.DEBUG):
                    self._log_misfits(read_data(status, payload))
                return result
        return self.converted(read_data(status, payload))

    def converted(self, data: Any) -> Any:
        """Make the result of the data of a reply.

        :raises UnusableReplyError: nothing can be made of it.
        """
        if _log.isEnabledFor(logging.DEBUG):
            self._log_misfits(data)
        try:
            return self.returns.handleVal(data)
        except InvalidArgumentError as exc:
            # Clusters older or newer than these declarations answer with other fields: what is readable is the result.
            if exc.partial is None:
                raise UnusableReplyError(data, self.name, exc) from exc
            return exc.partial

    def _log_misfits(self, data: Any) -> None:
        """Log what of a reply the result does not have."""
        summary = summary_of_irregular(self.returns, data)
        if summary:
            _log.debug("%s: of the reply these do not fit, and are dropped or null: %s", self.name, summary)


class _Entry:
    """The entry of a call in the reference, which is made when it is first looked at: a function has no descriptors."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._call.spDoc, name)

    def __str__(self) -> str:
        return str(self._call.spDoc)


def _in_path(text: str) -> str:
    """Encode what a path cannot hold; names have nothing of it."""
    if text.isascii() and text.isprintable() and not ("%" in text or "/" in text or "?" in text or " " in text):
        return text
    return quote(text, safe=_PLAIN)


def _paragraphs(function: Optional[Callable[..., Any]]) -> Tuple[str, str]:
    import inspect  # it takes long, and only the reference and the command line read documentation

    first, _, rest = (inspect.getdoc(function) or "").partition("\n")
    return first.strip(), rest.strip()


def GET(
    query: str,
    *args: Argument,
    json: Any = None,
    returns: Any = None,
    multiCluster: bool = False,
    since: str = "1.0.0",
    until: str = "",
    allClusters: bool = False,
) -> Call:
    """Declare a call that reads."""
    return Call("GET", multiCluster, query, args, json, returns, since, until, allClusters)


def POST(
    query: str,
    *args: Argument,
    json: Any = None,
    returns: Any = None,
    multiCluster: bool = False,
    since: str = "1.0.0",
    until: str = "",
) -> Call:
    """Declare a call that changes something; it returns an ApiOk unless it says otherwise."""
    return Call("POST", multiCluster, query, args, json, ApiOk if returns is None else returns, since, until)


CALLS: Dict[str, Call] = {}
"""All declared calls by the name of their method, in order of declaration."""


class Section:
    """The base of the classes that declare calls, one for each area of the API."""

    title: str = ""

    def __init_subclass__(cls, title: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if title:
            cls.title = title
        for name, member in vars(cls).items():
            call = getattr(member, "spCall", None)
            if call is not None:
                call.section = cls
                CALLS[name] = call
