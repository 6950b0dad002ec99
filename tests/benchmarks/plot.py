"""The ratios as one plot."""

from pathlib import Path
from statistics import median

from rows import Row


def write(rows: list[Row], path: Path) -> None:
    """A bar a ratio, on a logarithmic scale, its lowest and highest round as a line; the same figures give the same bytes."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "topicwire"
    from matplotlib import pyplot

    shown = [row for row in rows if row.theirs][::-1]
    labels = [f"{row.group.split(',')[0]}: {row.name} / {row.against}" for row in shown]
    values = [median(row.ratios) for row in shown]
    spread = [
        [value - min(row.ratios) for value, row in zip(values, shown, strict=True)],
        [max(row.ratios) - value for value, row in zip(values, shown, strict=True)],
    ]
    figure, axes = pyplot.subplots(figsize=(8, 1 + 0.28 * len(shown)))
    colours = {None: "#9aa5b1", True: "#2f855a", False: "#c05621"}
    axes.barh(labels, values, xerr=spread, color=[colours[row.holds] for row in shown], ecolor="#333", capsize=2)
    for at, row in enumerate(shown):
        if row.wanted:
            axes.plot([float(row.wanted.split()[1])] * 2, [at - 0.4, at + 0.4], color="black", linewidth=1.5)
    axes.set(xscale="log", xlabel="ratio; a black mark is what is wanted of it")
    axes.grid(axis="x", alpha=0.3)
    axes.margins(y=0.01)
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
    pyplot.close(figure)
