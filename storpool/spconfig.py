"""The configuration of a StorPool node: files in INI format, over defaults and under the environment."""

from __future__ import annotations

import contextlib
import importlib
import os
import re
from collections.abc import Mapping
from typing import Any, BinaryIO, Callable, Dict, Iterable, Iterator, List, Optional, Tuple, cast

from .spcatch import StorPoolError

__all__ = ["DEFAULTS", "ENV_OVERRIDE", "SPConfig", "SPConfigException", "api_config", "get_env_overrides"]

DEFAULTS: Dict[str, str] = {
    "SP_ABRTSYNC_ALTERNATIVE_SENDER": "1",
    "SP_ABRTSYNC_ALTERNATIVE_SENDER_HTTPS": "1",
    "SP_ABRTSYNC_NEW_REMOTE_ADDRESSES": "reporter.storpool.com",
    "SP_ABRTSYNC_NEW_REMOTE_PORTS": "443",
    "SP_ABRTSYNC_REMOTE_ADDRESSES": "reports.storpool.com,reports1.storpool.com,reports2.storpool.com",
    "SP_ABRTSYNC_REMOTE_PORTS": "2266",
    "SP_DELETE_REPORTS": "1",
    "SP_WORKDIR": "/var/run/storpool",
    "SP_REPORTDIR": "/var/spool/storpool",
    "SP_REPORTS_FREE_SPACE_LIMIT": "0",
    "SP_RESTART_ON_CRASH": "1800",
    "SP_API_HTTP_HOST": "127.0.0.1",
    "SP_API_HTTP_PORT": "81",
    "SP_GUI_HTTP_HOST": "",
    "SP_GUI_HTTP_PORT": "443",
    "SP_CACHE_SIZE": "4096",
    "SP_BEACON_CGROUPS": "-g cpuset:storpool.slice/beacon -g memory:storpool.slice/common",
    "SP_BLOCK_CGROUPS": "-g cpuset:storpool.slice/block -g memory:storpool.slice/common",
    "SP_BRIDGE_CGROUPS": "-g cpuset:storpool.slice/bridge -g memory:storpool.slice/alloc",
    "SP_ISCSI_CGROUPS": "-g cpuset:storpool.slice/iscsi -g memory:storpool.slice/alloc",
    "SP_MGMT_CGROUPS": "-g cpuset:storpool.slice/mgmt -g memory:storpool.slice/alloc",
    "SP_RDMA_CGROUPS": "-g cpuset:storpool.slice/rdma -g memory:storpool.slice/common",
    "SP_SERVER_CGROUPS": "-g cpuset:storpool.slice/server -g memory:storpool.slice/common",
    "SP_SERVER1_CGROUPS": "-g cpuset:storpool.slice/server_1 -g memory:storpool.slice/common",
    "SP_SERVER2_CGROUPS": "-g cpuset:storpool.slice/server_2 -g memory:storpool.slice/common",
    "SP_SERVER3_CGROUPS": "-g cpuset:storpool.slice/server_3 -g memory:storpool.slice/common",
    "SP_SERVER4_CGROUPS": "-g cpuset:storpool.slice/server_4 -g memory:storpool.slice/common",
    "SP_SERVER5_CGROUPS": "-g cpuset:storpool.slice/server_5 -g memory:storpool.slice/common",
    "SP_SERVER6_CGROUPS": "-g cpuset:storpool.slice/server_6 -g memory:storpool.slice/common",
    "SP_SERVER7_CGROUPS": "-g cpuset:storpool.slice/server_7 -g memory:storpool.slice/common",
    "SP_SERVER8_CGROUPS": "-g cpuset:storpool.slice/server_8 -g memory:storpool.slice/common",
    "SP_SERVER9_CGROUPS": "-g cpuset:storpool.slice/server_9 -g memory:storpool.slice/common",
    "SP_SERVER10_CGROUPS": "-g cpuset:storpool.slice/server_10 -g memory:storpool.slice/common",
    "SP_SERVER11_CGROUPS": "-g cpuset:storpool.slice/server_11 -g memory:storpool.slice/common",
    "SP_NVMED_CGROUPS": "-g cpuset:storpool.slice/beacon -g memory:storpool.slice/common",
    "SP_CONTROLLER_CGROUPS": "-g cpuset:system.slice -g memory:system.slice",
    "SP_LOGD_CGROUPS": "-g cpuset:system.slice -g memory:system.slice",
    "SP_STAT_CGROUPS": "-g cpuset:system.slice -g memory:system.slice",
    "SP_ABRTSYNC_CGROUPS": "-g cpuset:system.slice -g memory:system.slice",
    "SP_KUBCSI_CGROUPS": "-g cpuset:system.slice -g memory:system.slice",
    "SP_USE_CGROUPS": "1",
    "SP_CPU_DMA_LATENCY": "5",
    "SP_DEREGISTER_TIMEOUT_SECONDS": "60",
    "SP_NORMAL_RECOVERY_PARALLEL_REQUESTS_PER_DISK": "1",
    "SP_REMOTE_RECOVERY_PARALLEL_REQUESTS_PER_DISK": "2",
    "SP_IFACE1_ETHTOOLOPTS_TEMPLATE": (
        "__ETHTOOL__ -A __IFACE__ autoneg off tx off rx on ; "
        "__ETHTOOL__ -C __IFACE__ adaptive-rx off adaptive-tx off rx-usecs 5 ; "
        "__ETHTOOL__ -G __IFACE__ rx 4096 tx 512"
    ),
    "SP_IFACE2_ETHTOOLOPTS_TEMPLATE": (
        "__ETHTOOL__ -A __IFACE__ autoneg off tx off rx on ; "
        "__ETHTOOL__ -C __IFACE__ adaptive-rx off adaptive-tx off rx-usecs 5 ; "
        "__ETHTOOL__ -G __IFACE__ rx 4096 tx 512"
    ),
    "SP_PREFERRED_PORT": "0",
    "SP_NVME_PCI_DRIVER": "storpool_pci",
    "SP_BD_LOG_OPEN_CLOSE": "1",
}
"""What variables hold when no file and no environment sets them."""

ENV_OVERRIDE = ["SP_AUTH_TOKEN", "SP_API_HTTP_HOST", "SP_API_HTTP_PORT"]
"""The variables that the environment may set."""

Sections = Mapping[str, Mapping[str, str]]

_BYTE_ORDER_MARK = re.compile(b"^\xef\xbb\xbf", re.MULTILINE)


class SPConfigException(StorPoolError):
    """A configuration file cannot be used.

    The text names the file and says why; it never quotes a line, which may hold the token.
    """

    errno: Optional[int] = None
    """The number of the operating system's error, where there was one."""


class _MissingVariable(KeyError):
    """A variable is not set; the only argument is its name, as with any mapping."""

    # A class attribute too: whoever builds a copy from the arguments alone has no places.
    places = "the StorPool configuration"

    def __str__(self) -> str:
        return f"{self.args[0]} is not set in the StorPool configuration; looked in {self.places}"


def __getattr__(name: str) -> Any:
    # Imported when a file is read, because confget takes as long to import as all of the bindings.
    if name in ("confget", "platform"):
        return importlib.import_module(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _module(name: str) -> Any:
    """Return a module, or what a test suite has put in its place in this one."""
    return globals().get(name) or __getattr__(name)


def get_env_overrides() -> Dict[str, str]:
    """Return those variables of ENV_OVERRIDE that the environment sets."""
    return {name: os.environ[name] for name in ENV_OVERRIDE if name in os.environ}


def _read_file(path: str) -> Sections:
    """Parse a file into its sections; the part before any section is named ``""``.

    :raises FileNotFoundError: there is no such file.
    :raises SPConfigException: the file cannot be read or parsed.
    """
    try:
        mended = _mended(path)
        if mended is None:
            return _parse(path)
        with _in_memory(mended) as copy:
            return _parse(copy)
    except FileNotFoundError:
        raise
    except OSError as exc:
        raise _unusable(path, exc) from exc
    except Exception as exc:
        reason = _reason(exc)
    # Outside the handler: the parser's error quotes the line, which may hold the token, and would be the context.
    raise SPConfigException(f"Could not parse the {path} StorPool configuration file: {reason}")


def _parse(path: str) -> Sections:
    confget = _module("confget")
    sections: Sections = confget.BACKENDS["ini"](confget.Config([], filename=path)).read_file()
    return sections


def _mended(path: str) -> Optional[bytes]:
    """Return the content of a file that confget misreads, with that put right; None for any other file.

    Editors of other systems put a byte order mark first, which confget takes for a part of the first name (joining
    files puts one before other lines too); and confget 5 refuses a last line without an end.
    """
    try:
        if not os.path.isfile(path):
            return None
        with open(path, "rb") as stream:
            content = stream.read()
    except OSError:
        # Reading it once more gives the same error, to be told with its reason.
        return None
    mended = _BYTE_ORDER_MARK.sub(b"", content)
    if mended and not mended.endswith((b"\n", b"\r")):
        mended += b"\n"
    return None if mended == content else mended


@contextlib.contextmanager
def _in_memory(content: bytes) -> Iterator[str]:
    """Give a path, for the time of a ``with`` block, to content that no other process and no disk sees."""
    with _unnamed_file() as stream:
        stream.write(content)
        stream.flush()
        yield f"/proc/self/fd/{stream.fileno()}"


def _read_files(paths: Iterable[str], missing_ok: bool) -> Iterator[Tuple[str, Sections]]:
    """Parse files in turn, without those that do not exist if these may be missing.

    :raises SPConfigException: a file is missing, or cannot be read or parsed.
    """
    for path in paths:
        try:
            sections = _read_file(path)
        except FileNotFoundError as exc:
            # Also a file that went away after it was listed, and a link to nowhere.
            if not missing_ok:
                raise _unusable(path, exc) from exc
        else:
            yield path, sections


def _unnamed_file() -> BinaryIO:
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("storpool.conf"), "r+b")
    # PyPy. Imported here, since nobody else waits for it.
    import tempfile

    return cast(BinaryIO, tempfile.TemporaryFile())


def _unusable(path: str, exc: OSError) -> SPConfigException:
    """Make the exception for a file that cannot be read."""
    error = SPConfigException(f"Could not parse the {path} StorPool configuration file: {exc}")
    error.errno = exc.errno
    return error


def _reason(exc: Exception) -> str:
    """Say what is wrong with a file without quoting it."""
    if isinstance(exc, UnicodeDecodeError):
        return f"not valid {exc.encoding} at byte {exc.start}"
    line, column = getattr(exc, "lineno", None), getattr(exc, "col", None)
    if line is None:
        return f"not in INI format ({type(exc).__name__})"
    return f"not in INI format at line {line}, column {column}"


class SPConfig(Mapping[str, str]):
    """The configuration as a read-only mapping of strings.

    Later ones win: the defaults; ``/etc/storpool.conf``; the files ``/etc/storpool.conf.d/*.conf`` by name, each first
    the part before any section, then one section; the environment.

    :param section: the section to read in each file; the host name by default.
    :param missing_ok: skip files that do not exist.
    :param use_env: let the environment override the files.
    :param override_config: the whole configuration; no file and no environment is read.
    :raises SPConfigException: a file is missing, or cannot be read or parsed.
    """

    PATH_CONFIG = "/etc/storpool.conf"
    PATH_CONFIG_DIR = "/etc/storpool.conf.d"

    # Test suites replace `get_config_files` and `run_confget`, of the class or of an instance: use them through `self`.

    def __init__(
        self,
        section: Optional[str] = None,
        missing_ok: bool = False,
        use_env: bool = True,
        override_config: Optional[Mapping[str, str]] = None,
    ) -> None:
        self._section = _module("platform").node() if section is None else section
        self._places: List[str] = []
        self._dict: Dict[str, str] = {}
        if override_config is None:
            self.run_confget(missing_ok=missing_ok, use_env=use_env)
        else:
            self._dict = dict(override_config)

    def run_confget(self, missing_ok: bool = False, use_env: bool = True) -> None:
        """Read the files and the environment, and become what they say.

        :raises SPConfigException: a file is missing, or cannot be read or parsed.
        """
        values = dict(DEFAULTS)
        places: List[str] = []
        for path, sections in _read_files(self.get_config_files(missing_ok=missing_ok), missing_ok):
            places.append(path)
            values.update(sections.get("", {}))
            values.update(sections.get(self._section, {}))
        if use_env:
            places.append("the environment")
            values.update(get_env_overrides())
        self._dict, self._places = values, places

    @classmethod
    def get_config_files(cls, missing_ok: bool = False) -> List[str]:
        """List the files that are read, in that order; with ``missing_ok``, only those that exist.

        :raises SPConfigException: the directory cannot be listed.
        """
        paths = [cls.PATH_CONFIG]
        if os.path.isdir(cls.PATH_CONFIG_DIR):
            try:
                names = os.listdir(cls.PATH_CONFIG_DIR)
            except FileNotFoundError:
                names = []
            except OSError as exc:
                error = SPConfigException(
                    f"Could not list the {cls.PATH_CONFIG_DIR} StorPool configuration directory: {exc}"
                )
                error.errno = exc.errno
                raise error from exc
            paths += [
                os.path.join(cls.PATH_CONFIG_DIR, name)
                for name in sorted(names)
                if name.endswith(".conf") and not name.startswith(".")
            ]
        return [path for path in paths if os.path.isfile(path)] if missing_ok else paths

    @classmethod
    def get_all_sections(cls) -> List[str]:
        """List the names of the sections of all files.

        :raises SPConfigException: a file is missing, or cannot be read or parsed.
        """
        files = _read_files(cls.get_config_files(missing_ok=False), missing_ok=False)
        return sorted({name for _, sections in files for name in sections if name})

    def __getitem__(self, key: str) -> str:
        try:
            return self._dict[key]
        except KeyError:
            error = _MissingVariable(key)
            error.places = (
                ", ".join(self._places) + f" (section {self._section!r})" if self._places else "what was given"
            )
            raise error from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._dict)

    def __len__(self) -> int:
        return len(self._dict)

    def __bool__(self) -> bool:
        # An empty one too: programs ask whether there is a configuration, not whether it has variables.
        return True

    # By identity, as in the original: a configuration may be a key of a cache.
    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def iteritems(self) -> Iterator[Tuple[str, str]]:
        """Iterate over the names and values."""
        return iter(self.items())

    def iterkeys(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self)

    def __repr__(self) -> str:
        # Never the values: the token is among them.
        return f"<{type(self).__name__} section={self._section!r}, {len(self)} variables>"


def api_config(config_class: Optional[Callable[..., SPConfig]] = None, **kwargs: Any) -> SPConfig:
    """Read the configuration for an Api.

    When the environment has all that an Api needs, /etc/storpool.conf may be missing.

    :param config_class: what reads it; SPConfig by default.
    :param kwargs: arguments for it.
    :raises SPConfigException: a file that is needed is missing, or a file cannot be read or parsed.
    """
    read = SPConfig if config_class is None else config_class
    try:
        return read(**kwargs)
    except SPConfigException:
        if not kwargs.get("use_env", True) or any(name not in os.environ for name in ENV_OVERRIDE):
            raise
        return read(missing_ok=True, **kwargs)
