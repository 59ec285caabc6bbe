"""The real programs that import these bindings, on a host of their own: `tox -e cinder-2024.2`, `tox -e cinder-zed`;
and newer ones, which have an HTTP client of their own: `tox -e cinder-2026.2`, `tox -e cinder-2025.2`.

What they need is installed by tox, and `node.sh` gives them the paths that they have built in. Elsewhere there is
nothing to run here.
"""

from __future__ import annotations

import importlib.util
import sys
import time
import types
from pathlib import Path
from typing import Any, Iterator, List

import pytest

sys.path.insert(0, str(Path(__file__).parent))

if importlib.util.find_spec("cinder") is None:
    collect_ignore_glob = ["test_*.py"]
else:
    # Before the tests do: it must come first in a process that Cinder runs in.
    import cinder_host

    import storpool_sim
    from storpool import spapi

    @pytest.fixture(scope="session", autouse=True)
    def configured(tmp_path_factory: pytest.TempPathFactory) -> Path:
        """Cinder's configuration and database; the directory they are in."""
        directory = tmp_path_factory.mktemp("cinder")
        cinder_host.configure(directory)
        return directory

    @pytest.fixture
    def sim(configured: Path) -> Iterator[storpool_sim.Running]:
        """The cluster that this host belongs to, and the host set up for it."""
        with storpool_sim.running(dev_dir=str(cinder_host.DEVICES)) as running:
            cinder_host.operator_sets_up(running.env)
            for name in ("fast", "slow"):
                body = {"name": name, "placeAll": "ssd", "placeTail": "ssd", "placeHead": "ssd", "replication": 3}
                running.api().volumeTemplateCreate(body)
            yield running

    @pytest.fixture
    def driver(sim: storpool_sim.Running) -> Any:
        """cinder-volume's driver."""
        return cinder_host.new_driver()

    @pytest.fixture
    def volume(driver: Any) -> Any:
        """A volume that the driver has made."""
        made = cinder_host.new_volume()
        driver.create_volume(made)
        return made

    @pytest.fixture
    def pauses(monkeypatch: pytest.MonkeyPatch) -> List[int]:
        """Let calls be tried again at once; return a list with an entry for each retry."""
        tried: List[int] = []
        if cinder_host.OWN_CLIENT:
            from os_brick.initiator import storpool_utils

            sleep = time.sleep
            quick = types.SimpleNamespace(sleep=lambda seconds: (tried.append(seconds), sleep(0.01)))
            monkeypatch.setattr(storpool_utils, "time", quick)
            return tried
        made = spapi.Api.fromConfig

        def hasty(*args: Any, **kwargs: Any) -> spapi.Api:
            return made(*args, transientSleep=lambda attempt: tried.append(attempt) or 0.01, **kwargs)

        monkeypatch.setattr(spapi.Api, "fromConfig", hasty)
        return tried
