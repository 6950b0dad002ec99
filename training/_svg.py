"""The plots of the report as SVG that stands in the page and takes its colours from the page's style sheet.

Own code, since all that is drawn is lines and dots on axes from 0 to 1. matplotlib would be heavier than the rest of
topicwire together, names its elements by chance unless told otherwise, and knows nothing of light and dark.
"""

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from training.curve import Point as Measured
from training.evaluation import Bin, Figure, Point

WIDTH, HEIGHT = 320, 248
LEFT, RIGHT, TOP, BOTTOM = 44.0, 312.0, 8.0, 208.0  # of the frame
BARS = 60  # height of the counts below the reliability diagram


def precision_recall(points: Sequence[Point], precision: float, recall: float, threshold: float, label: str) -> str:
    """A curve whose area is the average precision, and on it what the served threshold gives."""
    svg = _axes(label, "recall", "precision")
    path, last = f"M{_x(0)} {_y(points[0].precision)}", (0.0, 0.0)
    for point in points:
        corner = _x(point.recall), _y(point.precision)
        if corner != last:  # not what falls on the same tenth of a pixel
            path += f"V{corner[1]}H{corner[0]}"
        last = corner
    _add(svg, "path", d=path, cls="curve")
    x, y = _x(recall), _y(precision)
    _add(svg, "path", d=f"M{LEFT} {y}H{x}V{BOTTOM}", cls="served")
    mark = _add(svg, "circle", cx=x, cy=y, r=5, cls="mark")
    _add(mark, "title", f"threshold {threshold:.2f}: precision {precision:.2f}, recall {recall:.2f}")
    beside = {"x": x - 9, "text-anchor": "end"} if x > (LEFT + RIGHT) / 2 else {"x": x + 9}
    _add(svg, "text", f"threshold {threshold:.2f}", y=min(y + 18, BOTTOM - 6), cls="note", **beside)
    return _text(svg)


def reliability(bins: Sequence[Bin], label: str) -> str:
    """For each bin the share of right answers, with its interval, over the mean score; below, how many scores it has."""
    svg = _axes(label, "score", "share that has the topic", below=BARS)
    _add(svg, "path", d=f"M{LEFT} {BOTTOM}L{RIGHT} {TOP}", cls="ideal")
    most = max(one.scores for one in bins)
    floor = HEIGHT + BARS - 4
    for one in bins:
        middle = _x((one.low + one.high) / 2)
        # Roots, since nearly all scores are in the first bin, and the others would not be seen.
        height = round((BARS - 18) * (one.scores / most) ** 0.5, 1)
        _add(svg, "rect", x=round(middle - 11, 1), y=round(floor - height, 1), width=22, height=height, cls="count")
        _add(svg, "text", _compact(one.scores), x=middle, y=round(floor - height - 3, 1), cls="tick middle")
        if one.scores:
            x = _x(one.mean)
            _add(svg, "path", d=f"M{x} {_y(one.share.low)}V{_y(one.share.high)}", cls="reach")
            dot = _add(svg, "circle", cx=x, cy=_y(one.share.value), r=4, cls="mark")
            _add(dot, "title", f"{one.scores} scores of {one.mean:.2f} on average: {one.share.value:.2f} have the topic")
    return _text(svg)


def learning_curve(points: Sequence[Measured], label: str) -> str:
    """Macro F1 over posts learnt from, with the starter corpus and without; the sizes stand as far apart as their order says."""
    last = max(len(points) - 1, 1)
    svg = _axes(
        label,
        "labelled posts learnt from",
        "macro F1",
        ticks=[(number / last, str(one.posts)) for number, one in enumerate(points)],
    )
    for cls, figures in (("curve", [one.with_starter for one in points]), ("curve other", [one.without for one in points])):
        drawn = [(_x(number / last), figure) for number, figure in enumerate(figures) if figure is not None]
        if not drawn:
            continue
        _add(svg, "path", d="M" + "L".join(f"{x} {_y(figure.value)}" for x, figure in drawn), cls=cls)
        for x, figure in drawn:
            _add(svg, "path", d=f"M{x} {_y(max(figure.low, 0))}V{_y(min(figure.high, 1))}", cls=cls.replace("curve", "reach"))
            dot = _add(svg, "circle", cx=x, cy=_y(figure.value), r=4, cls=cls.replace("curve", "mark"))
            _add(dot, "title", f"{figure.value:.3f} ± {figure.high - figure.value:.3f}")
    return _text(svg)


def interval(figure: Figure) -> str:
    """A figure between 0 and 1 as a dot on its interval, small enough for a table."""
    svg = Element("svg", {"viewBox": "0 0 100 14", "class": "interval", "aria-hidden": "true"})
    _add(svg, "path", d="M0 7H100", cls="grid")
    _add(svg, "path", d=f"M{figure.low * 100:.1f} 7H{figure.high * 100:.1f}", cls="reach")
    _add(svg, "circle", cx=round(figure.value * 100, 1), cy=7, r=2.5, cls="dot")
    return _text(svg)


def _axes(label: str, x_label: str, y_label: str, *, below: int = 0, ticks: Sequence[tuple[float, str]] | None = None) -> Element:
    """The frame, its grid and its labels; `ticks` are places from 0 to 1 on the axis below, with what stands there."""
    svg = Element("svg", {"viewBox": f"0 0 {WIDTH} {HEIGHT + below}", "role": "img", "aria-label": label})
    quarters = [(tick, f"{tick:g}") for tick in (0, 0.25, 0.5, 0.75, 1)]
    for tick, text in quarters:
        _add(svg, "path", d=f"M{LEFT} {_y(tick)}H{RIGHT}", cls="grid")
        _add(svg, "text", text, x=LEFT - 5, y=_y(tick) + 3.5, cls="tick end")
    for tick, text in quarters if ticks is None else ticks:
        _add(svg, "path", d=f"M{_x(tick)} {TOP}V{BOTTOM}", cls="grid")
        _add(svg, "text", text, x=_x(tick), y=BOTTOM + 14, cls="tick middle")
    _add(svg, "text", x_label, x=(LEFT + RIGHT) / 2, y=BOTTOM + 30, cls="axis middle")
    middle = (TOP + BOTTOM) / 2
    _add(svg, "text", y_label, x=9, y=middle, cls="axis middle", transform=f"rotate(-90 9 {middle})")
    return svg


def _add(parent: Element, name: str, text: str = "", *, cls: str = "", **attributes: object) -> Element:
    element = SubElement(parent, name, {"class": cls} if cls else {})
    element.attrib.update({key: str(value) for key, value in attributes.items()})
    element.text = text
    return element


def _text(svg: Element) -> str:
    return tostring(svg, encoding="unicode", short_empty_elements=False)


def _x(value: float) -> float:
    return round(LEFT + value * (RIGHT - LEFT), 1)


def _y(value: float) -> float:
    return round(BOTTOM - value * (BOTTOM - TOP), 1)


def _compact(number: int) -> str:
    return str(number) if number < 10_000 else f"{number / 1000:.0f}k" if number < 1_000_000 else f"{number / 1e6:.0f}M"
