"""The options of an Api, checked when it is made: what could never work is refused at once, and says why."""

from __future__ import annotations

import math
import re
import socket
from typing import Any, Optional, Union

from ..spcatch import InvalidArgumentError, shown

__all__ = ["byte_count", "flag", "function", "host", "port", "retries", "seconds", "source", "token"]

# What the system's calls take, which count milliseconds in 32 bits: 24 days.
_MAX_SECONDS = 2_147_483
# RFC 1035, 2.3.4.
_MAX_NAME = 253


def _refuse(option: str, value: Any, expected: str) -> InvalidArgumentError:
    return InvalidArgumentError(f"{shown(value)} is not {expected}", root="Api", path=f".{option}")


def _is_number(value: Any) -> bool:
    return not isinstance(value, (bool, str, bytes, bytearray)) and hasattr(value, "__float__")


def seconds(option: str, value: Any) -> Optional[float]:
    """Return a time-out; None, which waits for ever, also for infinity.

    :raises InvalidArgumentError: it is no positive number, or more than the system takes.
    """
    if value is None:
        return None
    number = float(value) if _is_number(value) else math.nan
    if number == math.inf:
        return None
    if not 0 < number <= _MAX_SECONDS:
        raise _refuse(option, value, f"a number of seconds: more than 0, at most {_MAX_SECONDS}; or None for no limit")
    # Integers stay what they are: test suites compare what a connection is made with.
    return value if isinstance(value, (int, float)) else number


def retries(value: Any) -> Union[int, float]:
    """Return a number of retries, infinity included.

    :raises InvalidArgumentError: it is no whole number, or negative.
    """
    if not _is_number(value) or not value >= 0 or (value != math.inf and value != int(value)):
        raise _refuse("transientRetries", value, "a number of retries, an integer that is not negative")
    return value  # type: ignore[no-any-return]


def function(option: str, value: Any) -> Any:
    """Return a function.

    :raises InvalidArgumentError: it cannot be called.
    """
    if not callable(value):
        raise _refuse(option, value, "a function")
    return value


def flag(option: str, value: Any) -> Any:
    """Return a truth value.

    :raises InvalidArgumentError: it is text: "false" would be true.
    """
    if isinstance(value, (str, bytes)):
        raise _refuse(option, value, "true or false")
    return value


def byte_count(option: str, value: Any) -> int:
    """Return a number of bytes.

    :raises InvalidArgumentError: it is no positive integer.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _refuse(option, value, "a number of bytes, a positive integer")
    return value


def port(value: Any) -> int:
    """Return a port, which may be given as digits.

    :raises InvalidArgumentError: it is no integer from 1 to 65535.
    """
    try:
        number = int(value)
        if not isinstance(value, str) and (number != value or not _is_number(value)):
            number = 0
    except Exception:
        number = 0  # refused like any number out of range
    if not 0 < number < 65536:
        raise _refuse("port", value, "a port, an integer from 1 to 65535")
    return number


def host(option: str, value: Any) -> str:
    """Return a host name or an address, that of IPv6 without brackets.

    :raises InvalidArgumentError: no host can have that name.
    """
    if isinstance(value, str):
        name = value[1:-1] if value.startswith("[") and value.endswith("]") else value
        if ":" in name or name != value:
            if _is_ipv6(name):
                return name
        elif len(name) <= _MAX_NAME and re.fullmatch(r"[\w.-]+", name) and _has_good_labels(name):
            return name
    raise _refuse(option, value, "a host name or an address")


def _is_ipv6(name: str) -> bool:
    address, percent, scope = name.partition("%")
    try:
        socket.inet_pton(socket.AF_INET6, address)
    except (OSError, ValueError):
        return False
    return not percent or re.fullmatch(r"[\w.-]+", scope) is not None


def _has_good_labels(name: str) -> bool:
    try:
        name.encode("idna")  # as the look-up does
    except UnicodeError:
        return False
    return True


def source(value: Any) -> Optional[str]:
    """Return a local address to connect from; None for any, which the empty string means, too.

    :raises InvalidArgumentError: it is no address.
    """
    return value if value is None or value == "" else host("source", value)


def token(value: Any) -> str:
    """Return the token as text; no error shows it.

    :raises InvalidArgumentError: HTTP cannot carry it.
    """
    if isinstance(value, (bytes, bytearray)):
        raise InvalidArgumentError("is not text", root="Api", path=".auth")
    text = f"{value}"
    try:
        text.encode("latin-1")
    except UnicodeError:
        raise InvalidArgumentError("has characters that HTTP cannot carry", root="Api", path=".auth") from None
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise InvalidArgumentError("has control characters", root="Api", path=".auth")
    return text
