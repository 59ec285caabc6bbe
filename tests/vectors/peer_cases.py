"""Runs one recorded case against whatever `storpool` the interpreter has.

The suite runs it over our bindings, the recorder (`tests/peer`) over the original ones: one piece of code drives both,
so that a difference between them is theirs and not the harness's. Standard library only, for that reason.
"""

from __future__ import annotations

import contextlib
import io
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Dict, Iterator, List
from urllib.parse import parse_qs

# The original announces its JSON library when it is imported.
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    from storpool import spapi, spcatch, spjson, sptype, sptypes

Case = Dict[str, Any]


@contextlib.contextmanager
def lenient() -> Iterator[None]:
    """Let ours take from callers what only the original takes: text as a truth value, fractions as integers."""
    strict = sptype.Node.from_caller
    sptype.Node.from_caller = lambda node, value: node.handleVal(value)  # type: ignore[method-assign]
    try:
        yield
    finally:
        sptype.Node.from_caller = strict  # type: ignore[method-assign]


class _Handler(BaseHTTPRequestHandler):
    # Each connection carries one request: cases must not depend on what the one before left behind.
    server: CaseServer
    disable_nagle_algorithm = True

    def _answer(self) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.sent.append(
            {
                "method": self.command,
                "path": path,
                "query": {name: json.loads(values[0]) for name, values in parse_qs(query).items()},
                "body": json.loads(body) if body else None,
                "authorization": self.headers.get("Authorization"),
            }
        )
        reply = json.dumps(self.server.reply).encode()
        head = b"HTTP/1.0 %d Answer\r\nContent-Length: %d\r\n\r\n" % (self.server.status, len(reply))
        self.wfile.write(head + reply)

    do_GET = do_POST = _answer

    def log_message(self, format: str, *args: Any) -> None:
        pass


class CaseServer(ThreadingHTTPServer):
    """Answers every request with the reply of the current case, and remembers what came."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.sent: List[Dict[str, Any]] = []
        self.status = 200
        self.reply: Any = None
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def server_bind(self) -> None:
        # Not HTTPServer's own, which asks the resolver for this machine's name.
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()


def encode(value: Any) -> Any:
    """The value in the notation of the recorded results."""
    if isinstance(value, list):
        return ["list", [encode(item) for item in value]]
    if isinstance(value, (set, frozenset)):
        return ["set", sorted((encode(item) for item in value), key=json.dumps)]
    if isinstance(value, dict):
        return ["dict", sorted(([encode(key), encode(item)] for key, item in value.items()), key=json.dumps)]
    if isinstance(value, spjson.JsonObjectImpl):
        pairs = ([name, encode(item)] for name, item in value.to_json().items())
        return ["obj", type(value).__name__, sorted(pairs, key=json.dumps)]
    return [type(value).__name__, value]


def decode(value: Any) -> Any:
    """An input as Python sees it: sets, mappings with other keys than strings and objects are spelled out in a case."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"$set"}:
        return {decode(item) for item in value["$set"]}
    if set(value) == {"$dict"}:
        return {decode(key): decode(item) for key, item in value["$dict"]}
    if set(value) == {"$obj"}:
        name, fields = value["$obj"]
        return getattr(sptypes, name)(decode(fields))
    return {key: decode(item) for key, item in value.items()}


def _refusal(exc: Exception) -> Dict[str, Any]:
    if isinstance(exc, spcatch.InvalidArgumentError):
        return {"error": "InvalidArgumentError", "partial": encode(exc.partial)}
    return {"error": type(exc).__name__}


def _run_call(case: Case, server: CaseServer) -> Dict[str, Any]:
    server.sent, server.status, server.reply = [], case.get("status", 200), case["reply"]
    api = spapi.Api(
        host="127.0.0.1", port=server.server_port, auth="42", timeout=10, transientRetries=0, multiCluster=case["mc"]
    )
    args = [decode(arg) for arg in case["args"]]
    if "json" in case:
        args.append(decode(case["json"]))
    call = getattr(api, case["call"])
    expect: Dict[str, Any]
    try:
        expect = {"result": encode(call(*args, **case.get("kwargs", {})))}
    # First, because a reply from which nothing can be made may be both this and an ApiError.
    except spcatch.InvalidArgumentError as exc:
        expect = _refusal(exc)
    except spapi.ApiError as exc:
        error = {"status": exc.status, "name": exc.name, "desc": exc.desc, "transient": exc.transient}
        expect = {"api_error": error}
    except Exception as exc:
        expect = _refusal(exc)
    expect["sent"] = server.sent
    return expect


def _run_type(case: Case) -> Dict[str, Any]:
    node, value = sptype.spType(getattr(sptypes, case["type"])), decode(case["value"])
    try:
        return {"result": encode(node.handleVal(value))}
    except Exception as exc:
        return _refusal(exc)


def _run_set(case: Case) -> Dict[str, Any]:
    cls, init = getattr(sptypes, case["cls"]), decode(case["init"])
    try:
        obj = cls(init)
    except Exception as exc:
        return _refusal(exc)
    surprises: List[str] = []
    for name, given in case["set"]:
        value = decode(given)
        try:
            setattr(obj, name, value)
        except spcatch.InvalidArgumentError:
            pass
        except Exception as exc:
            surprises.append(f"{name}: {type(exc).__name__}")
    expect = {"result": encode(obj), "json": json.loads(spjson.dumps(obj))}
    if surprises:
        expect["surprises"] = surprises
    return expect


def run(case: Case, server: CaseServer) -> Dict[str, Any]:
    """What the bindings do on this case, in the notation of `expect`; an `error` is the name of the real exception."""
    if case["kind"] == "call":
        return _run_call(case, server)
    return _run_type(case) if case["kind"] == "type" else _run_set(case)
