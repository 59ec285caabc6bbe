"""Draws what was measured: how many times faster or smaller ours is than the original."""

from __future__ import annotations

from pathlib import Path
from typing import List, Tuple

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.ticker import FuncFormatter

OURS, LINE = "#2a7f62", "#888888"
TIMES = "\u00d7"


def draw(rows: List[Tuple[str, float, float]], path: Path) -> None:
    """Draw a bar for each figure: the original's cost over ours, on a logarithmic scale.

    The colours and the missing background do on light and on dark pages.
    """
    rows = [row for row in rows if "first" not in row[0]]
    names = [name.partition(" / ")[0].partition(" [")[0] for name, _, _ in rows]
    gains = [original / ours for _, ours, original in rows]
    plt.rcParams.update({"font.family": "sans-serif", "svg.fonttype": "none", "svg.hashsalt": "storpool"})
    figure, axes = plt.subplots(figsize=(8, 0.42 * len(rows) + 0.8))
    places = range(len(rows))
    axes.barh(places, [gain - 1 for gain in gains], left=1, color=OURS, height=0.62)
    axes.set_xscale("log")
    axes.axvline(1, color=LINE, linewidth=1)
    axes.set_yticks(places, names, color=LINE)
    axes.invert_yaxis()
    for place, gain in zip(places, gains):
        axes.annotate(f"{gain:.2g}{TIMES}" if gain < 10 else f"{gain:.0f}{TIMES}", (gain, place), (4, 0), color=LINE,
                      textcoords="offset points", va="center")  # fmt: skip
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}{TIMES}"))
    axes.tick_params(which="both", colors=LINE, length=0)
    title = "How many times less the bindings cost than the original 7.3.0"
    figure.suptitle(title, x=0.01, ha="left", color=LINE, fontsize=11)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set_xlim(min(1, *gains), max(gains) * 1.8)
    figure.tight_layout()
    figure.savefig(path, transparent=True, metadata={"Date": None} if path.suffix == ".svg" else None)
