"""Simulate what the clients of a large cluster do to its management service when it comes back after an outage.

All of them lose a call at the same moment and try again by the bindings' default policy, once with equal pauses, once
with pauses spread at random, which is the default. A program whose call fails for good makes it again later. The
service takes so many requests a second, keeps some more waiting, and refuses the rest.

    python bench/failover.py --chart docs/failover.svg

This is arithmetic: no sockets, no waiting. It takes some seconds.
"""

from __future__ import annotations

import argparse
import heapq
import random
from collections import Counter
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Tuple

from storpool.spapi.retry import spread_pause

#: Seconds of one bar of the load.
BIN = 0.5

Pause = Callable[[int], float]


class Setting(NamedTuple):
    """What is simulated.

    :ivar clients: how many there are.
    :ivar outage: the seconds in which every connection is refused.
    :ivar rate: how many requests the service takes in a second.
    :ivar waiting: how many more it keeps waiting.
    :ivar retries: the bindings' ``transientRetries``.
    :ivar again: the seconds after which a program whose call failed makes it again.
    """

    clients: int = 10_000
    outage: float = 30
    rate: float = 1000
    waiting: int = 500
    retries: int = 5
    again: float = 10


class Outcome(NamedTuple):
    """What was found.

    :ivar load: the requests that arrive in each bin, from its start.
    :ivar refused: requests refused after the outage.
    :ivar failed: calls that ended with an error.
    :ivar recovered: when the last client had its answer, in seconds from the end of the outage; ``most``: 99 of 100.
    """

    load: Dict[float, int]
    refused: int
    failed: int
    most: float
    recovered: float

    def peak(self, outage: float) -> float:
        """Return the highest rate of requests after the outage, per second."""
        return max(count for start, count in self.load.items() if start >= outage) / BIN


def simulate(setting: Setting, pause: Pause, seed: int = 1) -> Outcome:
    """Let all clients lose a call at the moment 0, and follow each until it has its answer."""
    chance = random.Random(seed)  # noqa: S311 - a simulation
    # Not all of them notice within the same millisecond.
    events: List[Tuple[float, int, int]] = [(chance.uniform(0, 0.1), client, 0) for client in range(setting.clients)]
    heapq.heapify(events)
    load: Counter[float] = Counter()
    refused = failed = 0
    free = setting.outage  # when the service will have done what it has
    answered: List[float] = []
    while events:
        now, client, attempt = heapq.heappop(events)
        load[now // BIN * BIN] += 1
        if now >= setting.outage:
            if (free - now) * setting.rate <= setting.waiting:
                free = max(free, now) + 1 / setting.rate
                answered.append(free - setting.outage)
                continue
            refused += 1
        if attempt < setting.retries:
            heapq.heappush(events, (now + pause(attempt), client, attempt + 1))
        else:
            failed += 1
            heapq.heappush(events, (now + setting.again, client, 0))
    answered.sort()
    return Outcome(dict(load), refused, failed, answered[int(len(answered) * 0.99)], answered[-1])


POLICIES: Dict[str, Pause] = {"equal pauses": lambda n: 2**n, "spread pauses (the default)": spread_pause}


def draw(setting: Setting, outcomes: Dict[str, Outcome], path: Path) -> None:
    """Draw the load over time; the colours and the missing background do on light and on dark pages."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    line, colours = "#888888", ("#c0603a", "#2a7f62")
    plt.rcParams.update({"font.family": "sans-serif", "svg.fonttype": "none", "svg.hashsalt": "storpool"})
    figure, plots = plt.subplots(len(outcomes), figsize=(8, 4.6), sharex=True)
    end = setting.outage + max(outcome.recovered for outcome in outcomes.values()) + 3
    for axes, (name, outcome), colour in zip(plots, outcomes.items(), colours):
        starts = sorted(outcome.load)
        axes.bar(starts, [outcome.load[start] / BIN for start in starts], width=BIN, align="edge", color=colour)
        axes.axvspan(0, setting.outage, color=line, alpha=0.15, linewidth=0)
        axes.axhline(setting.rate, color=line, linewidth=1, linestyle="--")
        axes.axvline(setting.outage + outcome.recovered, color=colour, linewidth=1)
        place = (setting.outage + outcome.recovered, 1)
        axes.annotate("all have their answer", place, (-4, -12), color=line, ha="right", textcoords="offset points",
                      xycoords=("data", "axes fraction"))  # fmt: skip
        axes.set_yscale("symlog", linthresh=setting.rate)
        axes.set_ylim(0, 4 * setting.clients)
        axes.set_yticks([0, setting.rate, setting.clients], ["0", f"{setting.rate:g}", f"{setting.clients:g}"])
        axes.set_xlim(0, end)
        axes.set_title(name, loc="left", color=line, fontsize=10)
        axes.tick_params(which="both", colors=line, length=0)
        for side in axes.spines.values():
            side.set_visible(False)
    plots[-1].set_xlabel(f"seconds; the outage is grey, {setting.rate:g} requests a second are dashed", color=line)
    figure.suptitle(
        f"Requests a second of {setting.clients:,} clients after an outage", x=0.01, ha="left", color=line, fontsize=11
    )
    figure.tight_layout()
    figure.savefig(path, transparent=True, metadata={"Date": None} if path.suffix == ".svg" else None)


def main() -> None:
    """Print a table, and draw the first part of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in Setting()._asdict().items():
        parser.add_argument(f"--{name}", type=type(value), default=value, help=f"({value:g})")
    parser.add_argument("--chart", metavar="FILE", type=Path, help="draw the load: .svg or .png")
    arguments = vars(parser.parse_args())
    chart = arguments.pop("chart")
    setting = Setting(**arguments)
    print("| retries | pauses | highest load a second | refused afterwards | failed | 99 % answered | all answered |")
    print("|---|---|---|---|---|---|---|")
    drawn = {}
    for retries in (setting.retries, setting.retries + 1):
        for name, pause in POLICIES.items():
            outcome = simulate(setting._replace(retries=retries), pause)
            drawn.setdefault(name, outcome)
            peak = outcome.peak(setting.outage)
            print(
                f"| {retries} | {name} | {peak:,.0f} | {outcome.refused:,} | {outcome.failed:,}"
                f" | {outcome.most:.0f} s | {outcome.recovered:.0f} s |"
            )
    if chart is not None:
        draw(setting, drawn, chart)


if __name__ == "__main__":
    main()
