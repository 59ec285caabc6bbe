"""The configuration of a StorPool node: files in INI format, defaults under them, the environment over them."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from typing import Any, Dict, Iterator, List, Optional, Tuple

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


class SPConfigException(StorPoolError):
    """A configuration file cannot be used; the text names it and says why, and never quotes it."""


class _MissingVariable(KeyError):
    """A variable is not set; ``args`` are its name and the places where it was looked for."""

    def __str__(self) -> str:
        name, places = self.args
        return f"{name} is not set in the StorPool configuration; looked in {places}"


def __getattr__(name: str) -> Any:
    # Only who reads files waits for these: confget takes longer to import than all of the bindings.
    if name in ("confget", "platform"):
        return importlib.import_module(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _module(name: str) -> Any:
    """Give such a module as the test suites of others see it: they may have put another in its place here."""
    return globals().get(name) or __getattr__(name)


def get_env_overrides() -> Dict[str, str]:
    """Give those variables of ENV_OVERRIDE which the environment has."""
    return {name: os.environ[name] for name in ENV_OVERRIDE if name in os.environ}


def _read_file(path: str) -> Mapping[str, Mapping[str, str]]:
    """Parse a file into its sections; the part before any section is named ``""``.

    :raises FileNotFoundError: there is no such file.
    :raises SPConfigException: the file cannot be read or parsed.
    """
    try:
        parser = _module("confget")
        sections: Mapping[str, Mapping[str, str]] = parser.BACKENDS["ini"](parser.Config([], filename=path)).read_file()
        return sections
    except FileNotFoundError:
        raise
    except Exception as exc:
        reason = _reason(exc)
    # Outside the handler: the parser's error quotes the line, which may hold the token, and would be the context.
    raise SPConfigException(f"Could not parse the {path} StorPool configuration file: {reason}")


def _reason(exc: Exception) -> str:
    """Say what is wrong with a file without quoting it."""
    if isinstance(exc, OSError):
        return exc.strerror or type(exc).__name__
    if isinstance(exc, UnicodeDecodeError):
        return f"not valid {exc.encoding} at byte {exc.start}"
    line, column = getattr(exc, "lineno", None), getattr(exc, "col", None)
    if line is None:
        return f"not in INI format ({type(exc).__name__})"
    text = getattr(exc, "pstr", None)
    if text and not text.endswith("\n"):
        return f"not in INI format at line {line}, column {column}; the last line has no end"
    return f"not in INI format at line {line}, column {column}"


class SPConfig(Mapping[str, str]):
    """The configuration as a read-only mapping of strings.

    Later ones win: the defaults; ``/etc/storpool.conf``; the files ``/etc/storpool.conf.d/*.conf`` by name, each first
    the part before any section, then one section; the environment.

    :param section: the section to read in each file; the host name when left out.
    :param missing_ok: skip files that do not exist.
    :param use_env: let the environment override the files.
    :param override_config: the whole configuration; no file and no environment is read.
    :raises SPConfigException: a file is missing, or cannot be read or parsed.
    """

    PATH_CONFIG = "/etc/storpool.conf"
    PATH_CONFIG_DIR = "/etc/storpool.conf.d"

    def __init__(
        self,
        section: Optional[str] = None,
        missing_ok: bool = False,
        use_env: bool = True,
        override_config: Optional[Mapping[str, str]] = None,
    ) -> None:
        self._section = _module("platform").node() if section is None else section
        self._places: List[str] = []
        self._values = self._load(missing_ok, use_env) if override_config is None else dict(override_config)

    def _load(self, missing_ok: bool, use_env: bool) -> Dict[str, str]:
        values = dict(DEFAULTS)
        for path, sections in self._files(missing_ok):
            self._places.append(path)
            values.update(sections.get("", {}))
            values.update(sections.get(self._section, {}))
        if use_env:
            self._places.append("the environment")
            values.update(get_env_overrides())
        return values

    @classmethod
    def _files(cls, missing_ok: bool) -> Iterator[Tuple[str, Mapping[str, Mapping[str, str]]]]:
        for path in cls.get_config_files(missing_ok=missing_ok):
            try:
                sections = _read_file(path)
            except FileNotFoundError:
                # Also a file that went away after it was listed, and a link to nowhere.
                if not missing_ok:
                    raise SPConfigException(
                        f"Could not parse the {path} StorPool configuration file: No such file or directory"
                    ) from None
            else:
                yield path, sections

    @classmethod
    def get_config_files(cls, missing_ok: bool = False) -> List[str]:
        """List the files that are read, in that order; with ``missing_ok``, only those that are there."""
        paths = [cls.PATH_CONFIG]
        try:
            names = os.listdir(cls.PATH_CONFIG_DIR)
        except (FileNotFoundError, NotADirectoryError):
            names = []
        except OSError as exc:
            raise SPConfigException(
                f"Could not list the {cls.PATH_CONFIG_DIR} StorPool configuration directory: {exc.strerror}"
            ) from exc
        paths += [
            os.path.join(cls.PATH_CONFIG_DIR, name)
            for name in sorted(names)
            if name.endswith(".conf") and not name.startswith(".")
        ]
        return [path for path in paths if os.path.isfile(path)] if missing_ok else paths

    @classmethod
    def get_all_sections(cls) -> List[str]:
        """List the names of the sections of all files."""
        return sorted({name for _, sections in cls._files(missing_ok=False) for name in sections if name})

    def __getitem__(self, key: str) -> str:
        try:
            return self._values[key]
        except KeyError:
            places = ", ".join(self._places) + f" (section {self._section!r})" if self._places else "what was given"
            raise _MissingVariable(key, places) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    # By identity, as always: a configuration may be a key of a cache.
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


def api_config(**kwargs: Any) -> SPConfig:
    """Read the configuration for an Api.

    With all that an Api needs in the environment there is no need for /etc/storpool.conf.

    :raises SPConfigException: a file that is needed and missing, or one that cannot be read or parsed.
    """
    try:
        return SPConfig(**kwargs)
    except SPConfigException:
        if not kwargs.get("use_env", True) or any(name not in os.environ for name in ENV_OVERRIDE):
            raise
        return SPConfig(missing_ok=True, **kwargs)
