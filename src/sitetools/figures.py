"""Matplotlib backend that turns plt.show() into a committed SVG and its description.

The program runner loads this file by its path, under the name twinnotes_figures, and
selects it by matplotlib.use("module://twinnotes_figures"), then calls style(); around
each program it calls begin(folder) and finish(). plt.show() writes figure.svg, which
readers see, and figure.json, which says what was plotted and is compared later on.
"""

import hashlib
import io
import json
import math
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib._pylab_helpers import Gcf
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.category import StrCategoryLocator
from matplotlib.collections import Collection
from matplotlib.colorizer import ColorizingArtist
from matplotlib.colors import to_hex, to_rgba_array
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Transform

FigureCanvas = FigureCanvasSVG  # the name under which Matplotlib looks for it

INK = "#222222"
# Blue, vermillion and green of Okabe & Ito, their purple and orange darkened, and ink:
# contrast of 3:1 or more on white and, after the dark scheme's filter, on #1e2129; told
# apart under the three kinds of color blindness. Computed in the test.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#b14380", INK, "#735000")
INCH = 100  # pixels on the page, so that 11 pt are 15 px
MAX_BYTES = 150_000

_SIZES = ("font.size", "axes.titlesize", "axes.labelsize", "xtick.labelsize")
_SIZES += ("ytick.labelsize", "legend.fontsize", "figure.titlesize")
_INKED = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color")
_INKED += ("ytick.color", "patch.edgecolor", "hatch.color")
STYLE = {
    **dict.fromkeys(_SIZES, 11),
    **dict.fromkeys(_INKED, INK),
    "font.family": "DejaVu Sans",
    "mathtext.fontset": "dejavusans",
    "figure.figsize": (6.4, 3.6),
    "figure.constrained_layout.use": True,
    "axes.prop_cycle": mpl.cycler(color=COLORS),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "image.cmap": "Blues",  # 0 is the page, in both schemes
    "image.interpolation": "none",  # embed an array as it is, not resampled
    "svg.fonttype": "path",
    "svg.hashsalt": "twinnotes",
}

_program: dict[str, Any] = {"folder": None, "shown": False, "plotted": []}


class FigureError(ValueError):
    """A figure that breaks a rule; says the rule, what was found and what to try."""


def style() -> None:
    """Set the look of all figures, whatever a matplotlibrc of this machine says."""
    mpl.rcdefaults()
    mpl.rcParams.update(STYLE)


def warm_up() -> None:
    """Draw a figure once, so that no program has to wait for the fonts."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots()
    axes.plot([0, 1], label="$x$")
    axes.set_title("0")
    axes.legend()
    _svg(figure)
    plt.close(figure)


def begin(folder: Path) -> None:
    """Start a program; its figure, if it shows one, will be written to folder."""
    Gcf.destroy_all()
    _program.update(folder=Path(folder).resolve(), shown=False, plotted=[])


def show(*, block: bool | None = None) -> None:
    """Write the figure and its description; pyplot calls it for plt.show()."""
    figures = [manager.canvas.figure for manager in Gcf.get_all_fig_managers()]
    if _program["shown"] or len(figures) != 1:
        again = "again " if _program["shown"] else ""
        raise FigureError(
            "a program shows exactly one figure, once; plt.show() was called "
            f"{again}with {len(figures)} open figures; draw several parts as axes of "
            "one figure (plt.subplots), or make them several programs"
        )
    svg = _svg(figures[0])  # first: drawing settles limits and colors
    description = dump(describe(figures[0])).encode()
    for suffix, size in (("svg", len(svg)), ("json", len(description))):
        if size > MAX_BYTES:
            raise FigureError(
                f"figure.{suffix} takes at most {MAX_BYTES} bytes, got {size}; plot "
                "fewer points"
            )
    head = f"<!-- twinnotes figure sha256:{_sha256(description)} svg:{_sha256(svg)} -->"
    (_program["folder"] / "figure.json").write_bytes(description)
    (_program["folder"] / "figure.svg").write_bytes(head.encode() + b"\n" + svg)
    Gcf.destroy_all()
    _program["shown"] = True


def finish() -> None:
    """End a program: whatever it drew must have been shown."""
    if figures := Gcf.get_all_fig_managers():
        raise FigureError(
            "a program shows every figure it opens; at its end there were "
            f"{len(figures)} not shown; call plt.show() once, after all drawing"
        )


def plotted() -> list[float]:
    """The coordinates of all that the program has placed among its data, unrounded."""
    return _program["plotted"]


def check_pair(svg_path: Path, json_path: Path) -> None:
    """Raise FigureError unless one plt.show() wrote both files as they are now."""
    head, _, svg = Path(svg_path).read_bytes().partition(b"\n")
    known = re.fullmatch(rb"<!-- twinnotes figure sha256:(\w+) svg:(\w+) -->", head)
    recorded = [group.decode() for group in known.groups()] if known else ["none"] * 2
    actual = [_sha256(Path(json_path).read_bytes()), _sha256(svg)]
    for path, want, got in zip((json_path, svg_path), recorded, actual, strict=True):
        if want != got:
            raise FigureError(
                f"a figure and its description are written together and not edited; "
                f"{svg_path} records sha256 {want} for {path}, which has {got}; run "
                "`make outputs`"
            )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# The picture.


def _svg(figure: Figure) -> bytes:
    """Draw: the same bytes for the same figure, small, on a transparent ground."""
    buffer = io.StringIO()
    no_metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    fixed = {name: value for name, value in STYLE.items() if name.startswith("svg.")}
    with mpl.rc_context(fixed), warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        try:
            figure.savefig(buffer, format="svg", transparent=True, metadata=no_metadata)
        except UserWarning as warning:
            raise FigureError(
                f"a figure is drawn without warnings, got {str(warning)!r}; use "
                "letters that DejaVu Sans has, less text or a larger figsize"
            ) from None
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    if width > STYLE["figure.figsize"][0]:
        raise FigureError(
            "a figure is at most 6.4 inches wide, so that its text stays legible on "
            f"the page; got {width:g}; stack the axes or make two figures"
        )
    outside = max(-box.x0, -box.y0, box.x1 - width, box.y1 - height)
    if outside > 0.02:
        raise FigureError(
            f"nothing sticks out of a figure, but something does by {outside:.2f} "
            "inches; move it or enlarge figsize"
        )
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    pixels = f'width="{width * INCH:.0f}" height="{height * INCH:.0f}"'
    svg = re.sub('width="[^"]*" height="[^"]*"', pixels, svg, count=1)
    svg = re.sub(r'<path [^>]*style="fill: none"/>', "", svg)  # invisible backgrounds
    svg = re.sub('(?<=<g) id="[^"]*"', "", svg)  # nothing refers to a group
    svg = svg.replace("xlink:href", "href")
    svg = re.sub(r'( (?:d|x|y)="|translate\()([^")]*)', _shorten, svg)
    return re.sub(r"\s*\n\s*", "\n", svg).encode()


def _shorten(match: re.Match[str]) -> str:
    """Round coordinates to 2 decimals, 1/70 px, and drop points drawn twice."""

    def two_decimals(number: re.Match[str]) -> str:
        return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")

    numbers = re.sub(r"-?\d*\.\d+", two_decimals, match[2])
    return match[1] + re.sub(r"(L \S+ \S+)\s+(?=\1\s)", "", numbers)


# The description: the numbers and texts that the picture shows.

_AREA = ("facecolor", "edgecolor", "linestyle", "linewidth", "hatch")
_MARKER = ("marker", "markersize", "markerfacecolor", "markeredgecolor")
_LOOK = {
    Line2D: ("color", "linestyle", "linewidth", "drawstyle", *_MARKER),
    Patch: (*_AREA, "arrowstyle", "connectionstyle", "boxstyle"),
    Collection: _AREA,
    Text: ("color", "fontsize", "fontweight", "rotation", "ha", "va", "bbox_patch"),
    AxesImage: ("interpolation",),
}


def describe(figure: Figure) -> dict:
    """List what a drawn figure shows: artists in drawing order, in data coordinates."""
    frames = {"figure": figure.transFigure}
    return {
        "size": _plain(figure.get_size_inches()),
        "artists": _artists(figure, [figure.patch, *figure.axes], frames),
        "axes": [_axes(ax) for ax in figure.axes if ax.get_visible()],
    }


def dump(description: dict) -> str:
    """Write a description as JSON, one artist a line."""

    def line(value: object) -> str:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def block(entry: dict) -> str:
        parts = []
        for key, value in entry.items():
            item = {"artists": line, "axes": block}.get(key)
            rows = "[\n" + ",\n".join(map(item, value)) + "\n]" if item else line(value)
            parts.append(f"{line(key)}:{rows}")
        return "{" + ",".join(parts) + "}"

    return block(description) + "\n"


def _axes(ax: Axes) -> dict:
    scales = ax.get_xscale(), ax.get_yscale()
    if ax.name != "rectilinear" or not {*scales} <= {"linear", "log"}:
        raise FigureError(
            "axes are plane, each scale linear or log; got "
            f"{ax.name} axes with scales {scales}; plot transformed numbers instead"
        )
    frames = {
        "data": ax.transData,  # first, because it ends in transAxes
        "data,axes": ax.get_xaxis_transform(),
        "axes,data": ax.get_yaxis_transform(),
        "axes": ax.transAxes,
        "figure": ax.figure.transFigure,
    }
    titles = [ax.title, ax._left_title, ax._right_title]
    furniture = [ax.patch, ax.xaxis, ax.yaxis, *ax.spines.values(), *titles]
    entry = {"title": "|".join(title.get_text() for title in titles).rstrip("|")}
    entry |= {"frame": "figure", "points": _plain(ax.get_position().get_points())}
    entry |= {"axis": ax.axison, "aspect": _plain(ax.get_aspect())}
    spines = [(name, s._position) for name, s in ax.spines.items() if s.get_visible()]
    entry["spines"] = _plain(spines)
    for x, axis in (("x", ax.xaxis), ("y", ax.yaxis)):
        entry[f"{x}label"] = axis.get_label_text()
        entry[f"{x}scale"] = axis.get_scale()
        entry[f"{x}lim"] = _plain(axis.get_view_interval())
        entry[f"{x}grid"] = any(line.get_visible() for line in axis.get_gridlines())
        # Ticks that Matplotlib chooses follow from the limits and may jump with them.
        chosen = not (axis.isDefault_majloc and axis.isDefault_majfmt)
        if chosen or isinstance(axis.get_major_locator(), StrCategoryLocator):
            entry[f"{x}ticks"] = _plain(axis.get_majorticklocs())
            entry[f"{x}ticklabels"] = [t.get_text() for t in axis.get_ticklabels()]
    return entry | {"artists": _artists(ax, furniture, frames)}


def _artists(parent: Artist, furniture: list, frames: dict) -> list[dict]:
    found = [a for a in parent.get_children() if a not in furniture and a.get_visible()]
    return [_artist(a, frames) for a in sorted(found, key=Artist.get_zorder)]


def _artist(artist: Artist, frames: dict) -> dict:
    label = str(artist.get_label())
    entry = {"type": type(artist).__name__}
    entry["label"] = "" if label.startswith("_") else label
    return entry | _look(artist) | _content(artist, frames)


def _look(artist: Artist) -> dict:
    """How it is drawn; what is None, as most hatches and alphas are, is left out."""
    look = {}
    for kind, names in _LOOK.items():
        for name in (*names, "alpha") if isinstance(artist, kind) else ():
            value = getattr(artist, f"get_{name}", lambda: None)()
            if value is not None:
                look[name] = _option(name, value)
    if look.get("marker") in ("None", ""):
        look = {name: look[name] for name in look if name not in _MARKER}
    if isinstance(artist, ColorizingArtist) and artist.get_array() is not None:
        cmap, norm = artist.get_cmap(), type(artist.norm).__name__
        # Matplotlib 3.10 says "from_list".
        name = cmap.name.replace("from_list", "unnamed")
        look["colors"] = f"{name} {norm} {_option('color', cmap([0.0, 0.5, 1.0]))}"
        look["clim"] = _plain(artist.get_clim())
        look["array"] = _plain(artist.get_array())
        if type(artist).__name__ != "QuadContourSet":  # there, colors can be given
            look.pop("facecolor", None)
            look.pop("edgecolor", None)
    return look


def _option(name: str, value: Any) -> Any:
    if "color" in name:
        rows = to_rgba_array(value)
        return " ".join(to_hex(row, keep_alpha=row[3] < 1) for row in rows)
    if name == "bbox_patch":
        return _look(value)
    if name in ("arrowstyle", "connectionstyle", "boxstyle"):
        options = [f"{key}={v}" for key, v in vars(value).items() if key[0] != "_"]
        return " ".join([type(value).__name__, *options])
    return _plain(value)


def _content(artist: Artist, frames: dict) -> dict:
    """Its texts and numbers, and where they are."""
    transform, own = artist.get_transform(), {}
    match type(artist).__name__:
        case "Line2D":
            points = artist.get_xydata()
        case "Text":
            points, own = [artist.get_unitless_position()], {"text": artist.get_text()}
        case "Annotation":
            return _annotation(artist)
        case "Legend":
            own["title"] = artist.get_title().get_text()
            own["texts"] = [text.get_text() for text in artist.get_texts()]
            handles = [handle for handle in artist.legend_handles if handle]
            own["handles"] = [{"type": type(h).__name__} | _look(h) for h in handles]
            transform = frames["figure"]
            points = transform.inverted().transform(artist.get_window_extent())
        case "FancyArrowPatch" if artist._posA_posB:
            points = artist._posA_posB
        case _ if isinstance(artist, Patch) and type(artist).draw is Patch.draw:
            points = artist.get_path().vertices  # a Circle, Polygon, Rectangle, ...
        case "AxesImage":
            x0, x1, y0, y1 = artist.get_extent()
            points, own = [(x0, y0), (x1, y1)], {"origin": artist.origin}
        case "QuadMesh":
            points = artist.get_coordinates()
        case "Quiver":
            transform, points = artist.get_offset_transform(), artist.XY
            own = {"u": _plain(artist.U), "v": _plain(artist.V)}
            own |= {"scale": _plain(artist.scale), "pivot": artist.pivot}
        case "PathCollection":
            transform, points = artist.get_offset_transform(), artist.get_offsets()
            own["sizes"] = _plain(artist.get_sizes())
            own["marker"] = [_plain(path.vertices) for path in artist.get_paths()]
        case (
            "LineCollection"
            | "PolyCollection"
            | "FillBetweenPolyCollection"
            | "PatchCollection"
            | "QuadContourSet" as kind
        ) if not np.any(artist.get_offsets()):
            points = [path.vertices for path in artist.get_paths()]
            if kind == "QuadContourSet":
                own["levels"] = _plain(artist.levels)
        case kind:
            raise FigureError(
                f"a description holds all that is drawn; got a {kind} of a form that "
                "figures.py does not describe; draw with plot, scatter, bar, fill, "
                "fill_between, imshow, pcolormesh, contour, quiver, text or annotate"
            )
    return own | _place(points, transform, frames)


def _annotation(note: Annotation) -> dict:
    """The point explained, the text and the arrow between them."""
    entry = {"text": note.get_text()}
    for prefix, coords, (x, y) in (
        ("", note.xycoords, note.xy),
        ("text_", note.anncoords, note.xyann),
    ):
        parts = coords if isinstance(coords, tuple) else (coords,)
        if not all(isinstance(part, str) for part in parts):
            raise FigureError(
                "the coordinates of an annotation are named, such as 'data' or 'axes "
                f"fraction'; got {coords!r}"
            )
        entry[f"{prefix}frame"] = ",".join(parts)
        xy = note.convert_xunits(x), note.convert_yunits(y)
        entry[f"{prefix}points"] = _plain([xy])
    return entry | ({"arrow": _look(note.arrow_patch)} if note.arrow_patch else {})


def _place(points: Any, transform: Transform, frames: dict) -> dict:
    """Points, or rows of points, in the coordinates in which they were given."""
    found = [frame for frame in frames if transform is frames[frame]]
    found += [frame for frame in frames if transform.contains_branch(frames[frame])]
    if not found:
        raise FigureError(
            f"everything is placed in coordinates of {' or '.join(frames)}; got "
            f"others, by a {type(transform).__name__}; use data coordinates"
        )
    rest = transform - frames[found[0]]
    if len(points) and np.ndim(points[0]) == 2:
        points = [rest.transform(row) for row in points]
    else:
        points = rest.transform(points)
    if found[0] == "data":
        rows = points if len(points) and np.ndim(points[0]) == 2 else [points]
        _program["plotted"] += np.concatenate(rows).ravel().tolist()
    return {"frame": found[0], "points": _plain(points)}


def _plain(value: Any) -> Any:
    """Numbers as JSON has them, 6 significant digits; nan and infinities as texts."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, np.ndarray):
        value = np.ma.asarray(value).astype(float).filled(np.nan).tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    number = float(f"{float(value):.6g}")
    if not math.isfinite(number):
        return str(number)
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


# The comparison. A digit or a pixel that a reader sees must not change unnoticed, noise
# of float32 must not matter. Texts and styles are equal. Coordinates may move by one
# thousandth of their value, the site's tolerance for printed numbers, but on a linear
# axis by no more than a thousandth of the visible range, else loss curves near 1000
# could move freely between limits 999 and 1001; that is half a pixel of a 500 px axis.
# Around zero a ten-thousandth of the range is free. A log axis shows relative size, so
# there the thousandth is all: it is less than half a pixel down to half a decade.
# Other data count as an axis from 0 to the largest of them. Another Matplotlib may
# leave other room for texts: there, what is not placed by data may be anywhere.

_DATA = ("array", "clim", "levels", "sizes", "u", "v", "scale")


def compare(expected: dict, actual: dict, *, layout: bool = True) -> list[str]:
    """List the differences of two descriptions; an empty list if they look the same.

    With layout=False only data are compared, not where texts and axes are.
    """
    elsewhere = (1, 1e-4) if layout else (math.inf, math.inf)
    return list(_differences("figure", expected, actual, {}, [(0, 0)], elsewhere))


def _differences(
    where: str, want: Any, got: Any, axes: dict, slack: list, elsewhere: tuple
) -> Iterator[str]:
    kinds = [entry.get("type") for entry in (want, got) if isinstance(entry, dict)]
    if len(kinds) == 2 and kinds[0] == kinds[1]:
        axes = want if "xlim" in want else axes
        for key in want | got:
            pair = want.get(key, "nothing"), got.get(key, "nothing")
            free = _slack(key, want, axes, elsewhere)
            yield from _differences(f"{where} {key}", *pair, axes, free, elsewhere)
    elif isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        for i, pair in enumerate(zip(want, got, strict=True)):
            entry = want[i] if isinstance(want[i], dict) else {}
            name = "".join(f" {entry[k]!r}" for k in ("type", "label") if entry.get(k))
            here = [slack[i % len(slack)]] if _is_number(want[i]) else slack
            item = f"{where}[{i}]{name}"
            yield from _differences(item, *pair, axes, here, elsewhere)
    elif _is_number(want) and _is_number(got):
        most, free = slack[0]
        last_digit = 1e-5 * abs(want)  # of the six that are kept
        if abs(want - got) > 1e-3 * min(abs(want), most) + free + last_digit:
            yield f"{where}: expected {want}, got {got}"
    elif want != got:
        yield f"{where}: expected {_brief(want)}, got {_brief(got)}"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float))


def _brief(value: Any) -> str:
    if isinstance(value, list):
        return f"{len(value)} entries"
    return value.get("type", "more") if isinstance(value, dict) else repr(value)


def _slack(
    key: str, entry: dict, axes: dict, elsewhere: tuple
) -> list[tuple[float, float]]:
    """Tolerance by column, as (value up to which a thousandth counts, what is free)."""

    def along(name: str) -> tuple[float, float]:
        if axes[f"{name}scale"] == "log":
            return math.inf, 0
        span = abs(axes[f"{name}lim"][1] - axes[f"{name}lim"][0])
        return span, 1e-4 * span

    if key in ("xlim", "xticks", "ylim", "yticks"):
        return [along(key[0])]
    if key.endswith("points"):
        frames = (entry[key.replace("points", "frame")].split(",") * 2)[:2]
        pairs = zip("xy", frames, strict=True)
        return [along(name) if part == "data" else elsewhere for name, part in pairs]
    if key in _DATA and key in entry:
        sizes = np.abs(np.asarray(entry[key], dtype=float))
        largest = float(np.max(sizes[np.isfinite(sizes)], initial=0))
        return [(largest, 1e-4 * largest)]
    return [(0, 0)]
