"""The log of a cluster that is served: a line for each request, at a cost that a short request does not feel."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import List, TextIO

#: How long a line may wait for others to be written together with it, in seconds.
DELAY = 0.05


class Lines(logging.Handler):
    """Writes what comes from within an event loop a moment later, many lines at a time; warnings and errors at once."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._lines: List[str] = []
        self._second = -1
        self._time = ""
        self._waiting = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, or keep it until there is time."""
        try:
            self._lines.append(self.format(record))
            if record.levelno < logging.WARNING and self._later():
                return
        except Exception:
            self.handleError(record)
        self.flush()

    def format(self, record: logging.LogRecord) -> str:
        """The time, the message, and the traceback of an error."""
        second = int(record.created)
        if second != self._second:
            self._second, self._time = second, time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))
        text = f"{self._time},{int(record.msecs):03} {record.getMessage()}\n"
        if record.exc_info:
            text += logging.Formatter().formatException(record.exc_info) + "\n"
        return text

    def _later(self) -> bool:
        """Whether an event loop of this thread will flush."""
        if not self._waiting:
            try:
                asyncio.get_running_loop().call_later(DELAY, self.flush)
            except RuntimeError:
                return False
            self._waiting = True
        return True

    def flush(self) -> None:
        """Write what is kept."""
        with self.lock or contextlib.nullcontext():
            self._waiting = False
            lines, self._lines = self._lines, []
            if lines:
                self._stream.write("".join(lines))
                self._stream.flush()


def begin(stream: TextIO) -> None:
    """Log to a stream from now on."""
    logging.basicConfig(level=logging.INFO, handlers=[Lines(stream)])
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    # What no line says, see "Optimization" in Python's guide to logging.
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
