"""A transport with one answer, for tests of what is sent and of what becomes of the reply."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional, Tuple

from storpool import spapi


class Canned:
    """A transport that keeps what is sent, and answers what it was told to."""

    def __init__(self, data: Any = None, status: int = 200, reply: Any = None) -> None:
        self.sent: List[Tuple[str, str, Optional[str]]] = []
        self.status = status
        self.reply = {"generation": 1, "data": data} if reply is None else reply

    def send(self, method: str, path: str, body: Optional[str], headers: Dict[str, str]) -> Tuple[int, bytes]:
        assert headers == {"Authorization": "Storpool v1:42"}
        self.sent.append((method, path, body))
        return self.status, json.dumps(self.reply).encode()


OK = {"ok": True, "generation": 5}


def api_of(transport: Canned, **kwargs: Any) -> Any:
    return spapi.Api("127.0.0.1", 1, "42", transport=transport, transientRetries=0, **kwargs)
