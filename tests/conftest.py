"""For all tests: nothing of this machine's configuration leaks into them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

# What tests share: raw servers here, the recorded cases' runner, the drawing of cases, a story of calls.
sys.path[:0] = [str(Path(__file__).parent / name) for name in ("", "vectors", "peer", "contract")]


@pytest.fixture(autouse=True)
def no_configuration_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SP_API_HTTP_HOST", "SP_API_HTTP_PORT", "SP_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
