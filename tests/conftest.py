"""For all tests: nothing of this machine's configuration leaks into them; and what several suites check by."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Callable

import pytest

from storpool import spapi

# What tests share: raw servers here, the recorded cases' runner, the drawing of cases, a story of calls.
sys.path[:0] = [str(Path(__file__).parent / name) for name in ("", "vectors", "peer", "contract")]


@pytest.fixture(autouse=True)
def no_configuration_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SP_API_HTTP_HOST", "SP_API_HTTP_PORT", "SP_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def refused() -> Callable[..., str]:
    """Calls a function that must end with an error of the given name; gives the error's text."""

    def check(name: str, function: Callable[..., object], *args: object, **kwargs: object) -> str:
        with pytest.raises(spapi.ApiError) as caught:
            function(*args, **kwargs)
        assert caught.value.name == name, caught.value
        return str(caught.value.desc)

    return check
