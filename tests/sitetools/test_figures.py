"""The figure backend: what plt.show() writes, and which differences are seen later."""

import importlib.util
import itertools
import json
import re
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import collections, patches
from matplotlib.colors import to_rgb

from sitetools import figures as installed

FILE = Path(installed.__file__)


@pytest.fixture
def figures(tmp_path):
    """The backend as the program runner has it: by its path, under another name."""
    spec = importlib.util.spec_from_file_location("twinnotes_figures", FILE)
    module = importlib.util.module_from_spec(spec)
    sys.modules["twinnotes_figures"] = module
    spec.loader.exec_module(module)
    before = mpl.get_backend()
    mpl.use("module://twinnotes_figures")
    module.style()
    module.begin(tmp_path)
    yield module
    module.begin(tmp_path)
    mpl.rcdefaults()
    mpl.use(before)
    del sys.modules["twinnotes_figures"]


@pytest.fixture
def plt(figures):
    import matplotlib.pyplot as plt

    return plt


@pytest.fixture
def show(plt, tmp_path):
    """Show the open figure; returns its description as later runs read it."""

    def show():
        plt.show()
        return json.loads((tmp_path / "figure.json").read_text(encoding="utf-8"))

    return show


# Programs, in processes of their own.

PROGRAM = """
import matplotlib.pyplot as plt
import numpy as np

x = np.linspace(0, 3, 50)
fig, (left, right) = plt.subplots(1, 2)
left.plot(x, np.exp(-x), "o-", label="$e^{-x}$")
left.fill_between(x, x, hatch="/", alpha=0.5)
left.legend()
right.imshow(np.eye(3))
right.add_patch(plt.Circle((1, 1), 1, color="C1"))
right.scatter(x[:9], x[:9] / 3)
right.set_xlim(0.5, 2)
plt.show()
"""
RUN = """
import importlib.util, sys
path, folder, program = sys.argv[1:]
spec = importlib.util.spec_from_file_location("twinnotes_figures", path)
module = importlib.util.module_from_spec(spec)
sys.modules["twinnotes_figures"] = module
spec.loader.exec_module(module)
packages = {name.partition(".")[0] for name in sys.modules}
assert "sitetools" not in packages and "matplotlib.pyplot" not in sys.modules
import matplotlib
matplotlib.use("module://twinnotes_figures")
module.style()
module.begin(folder)
exec(program, {"__name__": "__main__"})
module.finish()
"""


def run(folder, program, seed="0"):
    (folder / "empty").mkdir(parents=True)
    command = [sys.executable, "-c", RUN, str(FILE), str(folder), program]
    return subprocess.run(
        command,
        cwd=folder / "empty",
        env={"PYTHONHASHSEED": seed, "HOME": str(folder)},
        capture_output=True,
        text=True,
    )


def test_bytes_are_the_same_in_every_process(tmp_path):
    for seed in ("1", "2"):
        result = run(tmp_path / seed, PROGRAM, seed)
        assert result.returncode == 0, result.stderr
    for name in ("figure.svg", "figure.json"):
        one, two = ((tmp_path / seed / name).read_bytes() for seed in ("1", "2"))
        assert one == two
    assert list((tmp_path / "1" / "empty").iterdir()) == []


def test_a_program_without_a_figure_writes_nothing(tmp_path):
    assert run(tmp_path, "print(1)").returncode == 0
    assert not list(tmp_path.glob("figure.*"))


def test_only_numpy_and_matplotlib_are_imported():
    imports = re.findall(r"^(?:import|from) (\w+)", FILE.read_text(), re.MULTILINE)
    ours = set(imports) - {"matplotlib", "numpy"}
    assert ours <= set(sys.stdlib_module_names), ours


# Exactly one figure, shown once.


def test_one_figure_shown_once(figures, plt, tmp_path):
    plt.plot([1, 2])
    plt.show(block=False)
    figures.finish()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["figure.json", "figure.svg"]


def test_showing_nothing(figures, plt):
    with pytest.raises(
        figures.FigureError, match=r"once; .* with 0 open figures; draw"
    ):
        plt.show()


def test_two_open_figures(figures, plt, tmp_path):
    plt.figure()
    plt.figure()
    with pytest.raises(figures.FigureError, match="with 2 open figures"):
        plt.show()
    assert list(tmp_path.iterdir()) == []


def test_showing_twice(figures, plt):
    plt.plot([1, 2])
    plt.show()
    plt.plot([1, 2])
    with pytest.raises(figures.FigureError, match="called again with 1 open figures"):
        plt.show()


def test_a_figure_left_open(figures, plt):
    plt.plot([1, 2])
    with pytest.raises(figures.FigureError, match=r"1 not shown; call plt.show"):
        figures.finish()


def test_a_figure_opened_after_the_show(figures, plt):
    plt.plot([1, 2])
    plt.show()
    plt.figure()
    with pytest.raises(figures.FigureError, match="1 not shown"):
        figures.finish()


def test_a_new_program_starts_without_figures(figures, plt, tmp_path):
    plt.figure()
    figures.begin(tmp_path)
    figures.finish()


def test_a_closed_figure_and_a_saved_one_are_the_programs_business(
    figures, plt, tmp_path
):
    plt.plot([1, 2])
    plt.savefig(tmp_path / "own.png")
    plt.close()
    figures.finish()


# The picture.


def draw(plt):
    x = np.linspace(-3, 3, 100)
    plt.plot(x, np.sin(x), label="sine")
    plt.plot(x, np.cos(x), label="cosine")
    plt.xlabel("angle in radians")
    plt.legend()


def test_svg(show, plt, tmp_path):
    draw(plt)
    show()
    svg = (tmp_path / "figure.svg").read_text(encoding="utf-8")
    comment, root = svg.splitlines()[:2]
    assert re.fullmatch("<!-- twinnotes figure sha256:[0-9a-f]{64} svg:.* -->", comment)
    assert 'width="640" height="360" viewBox="0 0 460.8 259.2"' in root
    for noise in ("metadata", "date", "Matplotlib", "<text", "DOCTYPE", "#ffffff"):
        assert noise not in svg, noise
    assert len(svg) < 40_000
    coordinates = re.findall(r' (?:d|x|y)="([^"]*)"|translate\(([^)]*)\)', svg)
    numbers = re.findall(r"-?[\d.]+", " ".join(map(" ".join, coordinates)))
    assert len(numbers) > 500
    assert max(len(number.partition(".")[2]) for number in numbers) == 2


def test_nothing_opaque_lies_behind_the_figure(show, plt, tmp_path):
    plt.figure(facecolor="white")
    plt.axes(facecolor="yellow").plot([1, 2])
    show()
    svg = (tmp_path / "figure.svg").read_text(encoding="utf-8")
    assert not re.search("fill: #(?!222222)", svg)


def test_points_that_rounding_makes_equal_are_drawn_once(figures):
    match = re.fullmatch(
        '( d=")(.*)', ' d="M 1 1 L 1.001 1 L 2.004 3 L 2 3.001 L 1 -0.5 z'
    )
    assert figures._shorten(match) == ' d="M 1 1 L 1 1 L 2 3 L 1 -0.5 z'


def test_settings_of_the_svg_survive_a_program_that_resets_them(show, plt, tmp_path):
    svg = []
    for reset in (lambda: None, lambda: mpl.rcParams.update({"svg.fonttype": "none"})):
        sys.modules["twinnotes_figures"].begin(tmp_path)
        draw(plt)
        reset()
        show()
        svg.append((tmp_path / "figure.svg").read_bytes())
    assert svg[0] == svg[1]


def test_style_does_not_depend_on_a_matplotlibrc(figures):
    mpl.rcParams["lines.markersize"] = 20
    figures.style()
    assert mpl.rcParams["lines.markersize"] == mpl.rcParamsDefault["lines.markersize"]
    assert mpl.rcParams["font.size"] == mpl.rcParams["legend.fontsize"] == 11
    assert mpl.rcParams["axes.spines.top"] is False


def test_too_many_points_in_the_picture(figures, plt):
    plt.scatter(np.arange(2000), np.arange(2000) % 7)
    with pytest.raises(figures.FigureError, match=r"figure.svg .* 150000 .* fewer"):
        plt.show()


def test_too_many_numbers_in_the_description(figures, plt, tmp_path):
    plt.plot(np.linspace(0, 1, 20_000))  # the picture needs two of these points
    with pytest.raises(figures.FigureError, match=r"figure.json .* 150000 .* fewer"):
        plt.show()
    assert list(tmp_path.iterdir()) == []


def test_letters_without_a_glyph(figures, plt):
    plt.title("梯度")
    with pytest.raises(figures.FigureError, match="without warnings, got 'Glyph"):
        plt.show()


def test_text_outside_of_the_figure(figures, plt):
    plt.gcf().text(0.9, 0.5, "as long as it takes")
    with pytest.raises(figures.FigureError, match=r"sticks out .* by 0.* inches; move"):
        plt.show()


def test_a_figure_wider_than_the_page(figures, plt):
    plt.figure(figsize=(9, 4))
    with pytest.raises(figures.FigureError, match=r"6.4 inches wide.* got 9; stack"):
        plt.show()


# Colors. The dark scheme applies `filter: invert(1) hue-rotate(180deg)`, which Chromium
# computes in sRGB: its bar in #0072b2 comes out as #42b4f4, as it does here.

DARK = to_rgb("#1e2129")
HUE_ROTATE_180 = [[-0.574, 1.43, 0.144], [0.426, 0.43, 0.144], [0.426, 1.43, -0.856]]
# Machado, Oliveira & Fernandes 2009, table 1, severity 1, on linear RGB.
COLOR_BLINDNESS = {
    "none": np.eye(3),
    "protan": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deutan": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritan": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


def dark_filter(rgb):
    """Filter Effects 1: invert, then the matrix of hue-rotate for 180 degrees."""
    return np.clip(HUE_ROTATE_180 @ (1 - np.asarray(rgb)), 0, 1)


def linear(rgb):
    rgb = np.asarray(rgb)
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def contrast(one, two):
    """WCAG 2.1."""
    dark, light = sorted(linear(c) @ [0.2126, 0.7152, 0.0722] for c in (one, two))
    return (light + 0.05) / (dark + 0.05)


def lab(rgb_linear):
    """CIE 1976 L*a*b* for the white point D65."""
    xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    t = xyz @ np.clip(rgb_linear, 0, 1) / [0.9505, 1, 1.089]
    x, y, z = np.where(t > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def weaknesses(colors):
    """Every pair too close and every contrast too low, as text."""
    found = []
    for scheme, paper, change in (
        ("light", (1, 1, 1), np.asarray),
        ("dark", DARK, dark_filter),
    ):
        seen = {color: change(to_rgb(color)) for color in colors}
        for color, rgb in seen.items():
            if (ratio := contrast(rgb, paper)) < 3:
                found.append(f"{color} {scheme}: contrast {ratio:.2f}")
        for (one, a), (two, b) in itertools.combinations(seen.items(), 2):
            for eye, matrix in COLOR_BLINDNESS.items():
                apart = np.linalg.norm(
                    lab(matrix @ linear(a)) - lab(matrix @ linear(b))
                )
                if apart < 12:
                    found.append(f"{one} {two} {scheme} {eye}: only {apart:.1f} apart")
    return found


def test_filter_matrix():
    np.testing.assert_allclose(dark_filter((1, 1, 1)), 0, atol=1e-12)
    np.testing.assert_allclose(
        255 * dark_filter(to_rgb("#0072b2")), [0x42, 0xB4, 0xF4], atol=0.5
    )


def test_colors_can_be_seen_and_told_apart(figures):
    assert len(figures.COLORS) == 6
    assert weaknesses(figures.COLORS) == []


def test_the_colors_they_are_based_on_cannot(figures):
    found = weaknesses(["#e69f00", "#56b4e9", "#d55e00", "#956700"])
    assert "#e69f00 light: contrast 2.25" in found
    assert "#56b4e9 dark: contrast 2.80" in found
    assert "#d55e00 #956700 dark protan: only" in " ".join(found)


def test_ink_and_cycle_reach_the_picture(figures, show, plt, tmp_path):
    for i in range(6):
        plt.plot([0, i])
    description = show()
    drawn = [line["color"] for line in description["axes"][0]["artists"]]
    assert drawn == list(figures.COLORS)
    svg = (tmp_path / "figure.svg").read_text(encoding="utf-8")
    assert {*re.findall('#[0-9a-f]{6}(?=[;"])', svg)} == {*figures.COLORS}


# The description.

CASES = {
    "Line2D": (
        lambda ax: ax.plot([1, 2], [3, 4], "s--", color="r", lw=2, label="a"),
        {"label": "a", "color": "#ff0000", "linestyle": "--", "linewidth": 2}
        | {"marker": "s", "frame": "data", "points": [[1, 3], [2, 4]]},
    ),
    "Line2D step": (
        lambda ax: ax.step([1, 2], [3, 4], where="post"),
        {"drawstyle": "steps-post", "label": ""},
    ),
    "Line2D axhline": (
        lambda ax: ax.axhline(3),
        {"frame": "axes,data", "points": [[0, 3], [1, 3]]},
    ),
    "Rectangle": (
        lambda ax: ax.bar([1], [2], width=1, alpha=0.5),
        {"facecolor": "#0072b280", "points": [[0.5, 0], [1.5, 0], [1.5, 2], [0.5, 2]]},
    ),
    "Rectangle axvspan": (
        lambda ax: ax.axvspan(1, 2),
        {"frame": "data,axes", "points": [[1, 0], [2, 0], [2, 1], [1, 1]]},
    ),
    "Polygon": (
        lambda ax: ax.fill([0, 1, 1], [0, 0, 1], hatch="/"),
        {"frame": "data", "hatch": "/", "points": [[0, 0], [1, 0], [1, 1], [0, 0]]},
    ),
    "Circle": (
        lambda ax: ax.add_patch(patches.Circle((1, 2), 3, facecolor="none")),
        {"facecolor": "#00000000", "points": [[1, -1]]},
    ),
    "FancyBboxPatch": (
        lambda ax: ax.add_patch(patches.FancyBboxPatch((0, 0), 1, 1, "square,pad=0")),
        {"boxstyle": "Square pad=0.0", "points": [[0, 0], [1, 0], [1, 1], [0, 1]]},
    ),
    "FancyArrowPatch": (
        lambda ax: ax.add_patch(
            patches.FancyArrowPatch((0, 0), (1, 2), connectionstyle="arc3,rad=0.5")
        ),
        {"points": [[0, 0], [1, 2]], "connectionstyle": "Arc3 rad=0.5"},
    ),
    "PathCollection": (
        lambda ax: ax.scatter([1, 2], [3, 4], s=[5, 6], color=["r", "b"], marker="s"),
        {"points": [[1, 3], [2, 4]], "sizes": [5, 6], "facecolor": "#ff0000 #0000ff"},
    ),
    "PathCollection mapped": (
        lambda ax: ax.scatter([1, 2], [3, 4], c=[0.5, 0.25], vmin=0, vmax=1),
        {"array": [0.5, 0.25], "clim": [0, 1]}
        | {"colors": "Blues Normalize #f7fbff #6aaed6 #08306b", "facecolor": None},
    ),
    "LineCollection": (
        lambda ax: ax.vlines([1, 2], 0, 3),
        {"points": [[[1, 0], [1, 3]], [[2, 0], [2, 3]]]},
    ),
    "FillBetweenPolyCollection": (
        lambda ax: ax.fill_between([0, 1], [1, 2]),
        {"points": [[[0, 0], [0, 1], [1, 2], [1, 0], [1, 0], [0, 0], [0, 0]]]},
    ),
    "PolyCollection": (
        lambda ax: ax.add_collection(
            collections.PolyCollection([[(0, 0), (1, 0), (1, 1)]], closed=False)
        ),
        {"points": [[[0, 0], [1, 0], [1, 1]]]},
    ),
    "PatchCollection": (
        lambda ax: ax.add_collection(
            collections.PatchCollection([patches.Rectangle((0, 0), 1, 2)])
        ),
        {"points": [[[0, 0], [1, 0], [1, 2], [0, 2], [0, 0]]]},
    ),
    "QuadContourSet": (
        lambda ax: ax.contour([[0, 1], [0, 1]], levels=[0.25, 0.5], colors="r"),
        {"levels": [0.25, 0.5], "edgecolor": "#ff0000 #ff0000"}
        | {"points": [[[0.25, 1], [0.25, 0]], [[0.5, 1], [0.5, 0]]]},
    ),
    "QuadContourSet filled": (
        lambda ax: ax.contourf([[0, 1], [0, 1]], levels=[0, 0.5, 1]),
        {"levels": [0, 0.5, 1], "facecolor": "#c6dbef #2070b4"},
    ),
    "QuadMesh": (
        lambda ax: ax.pcolormesh([[1, 2]]),
        {"array": [[1, 2]]}
        | {"points": [[[0, 0], [1, 0], [2, 0]], [[0, 1], [1, 1], [2, 1]]]},
    ),
    "AxesImage": (
        lambda ax: ax.imshow(np.ma.masked_equal([[1, 2], [3, 4]], 3), cmap="Greys"),
        {"array": [[1, 2], ["nan", 4]], "points": [[-0.5, 1.5], [1.5, -0.5]]}
        | {"origin": "upper", "interpolation": "none"},
    ),
    "Quiver": (
        lambda ax: ax.quiver([0, 1], [2, 3], [4, 5], [6, 7], scale=9),
        {"points": [[0, 2], [1, 3]], "u": [4, 5], "v": [6, 7], "scale": 9},
    ),
    "Text": (
        lambda ax: ax.text(0.5, 0.25, "word", ha="center", bbox={"fc": "none"}),
        {"text": "word", "frame": "data", "points": [[0.5, 0.25]], "ha": "center"},
    ),
    "Text in axes": (
        lambda ax: ax.text(0.5, 0.25, "word", transform=ax.transAxes),
        {"frame": "axes", "points": [[0.5, 0.25]]},
    ),
    "Annotation": (
        lambda ax: ax.annotate(
            "peak", (0.5, 1), (3, 4), textcoords="offset points",
            arrowprops={"arrowstyle": "->", "color": "C1"},
        ),
        {"text": "peak", "frame": "data", "points": [[0.5, 1]]}
        | {"text_frame": "offset points", "text_points": [[3, 4]]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_artist(show, plt, case):
    add, expected = CASES[case]
    add(plt.gca())
    [entry] = show()["axes"][0]["artists"]
    assert entry["type"] == case.partition(" ")[0]
    for key, value in expected.items():
        got = entry.get(key)
        assert (got[: len(value)] if key == "points" else got) == value, key


def test_all_artists_of_a_case_are_known():
    """The cases above are all that `_content` matches by name."""
    source = FILE.read_text(encoding="utf-8")
    content = source[source.index("match type(artist)") : source.index("case kind:")]
    named = set(re.findall('"([A-Z][A-Za-z0-9]+)"', content))
    tested = {case.partition(" ")[0] for case in CASES}
    assert named - tested == {"Legend"}  # in test_axes


def test_arrow_and_box_of_texts(show, plt):
    CASES["Annotation"][0](plt.gca())
    CASES["Text"][0](plt.gca())
    note, text = show()["axes"][0]["artists"]
    assert note["arrow"]["edgecolor"] == "#d55e00"
    assert note["arrow"]["arrowstyle"].startswith("CurveB head_length=0.4")
    assert text["bbox_patch"]["facecolor"] == "#00000000"
    assert text["bbox_patch"]["boxstyle"].startswith("Square pad=")


def test_axes(show, plt):
    plt.figure(figsize=(4, 3))
    plt.suptitle("above")
    plt.loglog([1, 10], [1, 100], label="square")
    plt.title("growth")
    plt.xlabel("$n$")
    plt.ylabel("steps")
    plt.xticks([1, 10], ["one", "ten"])
    plt.ylim(1, 1000)
    plt.grid(axis="y")
    plt.legend(title="order")
    description = show()
    [ax] = description["axes"]
    assert description["size"] == [4, 3]
    assert [text["text"] for text in description["artists"]] == ["above"]
    assert (ax["title"], ax["xlabel"], ax["ylabel"]) == ("growth", "$n$", "steps")
    assert (ax["xscale"], ax["yscale"]) == ("log", "log")
    assert ax["ylim"] == [1, 1000]
    assert (ax["xticks"], ax["xticklabels"]) == ([1, 10], ["one", "ten"])
    assert "yticks" not in ax
    assert (ax["xgrid"], ax["ygrid"]) == (False, True)
    legend = ax["artists"][-1]
    assert (legend["title"], legend["texts"]) == ("order", ["square"])
    assert [handle["color"] for handle in legend["handles"]] == ["#0072b2"]


def test_categories_are_ticks_that_the_program_chose(show, plt):
    plt.bar(["left", "right"], [1, 2])
    assert show()["axes"][0]["xticklabels"] == ["left", "right"]


def test_axes_without_frame_and_with_equal_scales(show, plt):
    plt.axis("off")
    plt.gca().set_aspect("equal")
    ax = show()["axes"][0]
    assert (ax["axis"], ax["aspect"]) == (False, 1)


def test_artists_are_listed_in_drawing_order_without_hidden_ones(show, plt):
    plt.plot([1, 2], label="above", zorder=5)
    plt.plot([1, 2], label="below")
    plt.plot([1, 2], label="hidden", visible=False)
    labels = [artist["label"] for artist in show()["axes"][0]["artists"]]
    assert labels == ["below", "above"]


def test_colorbar(show, plt):
    plt.colorbar(plt.pcolormesh([[1.0, 2.0]]), label="value")
    _, bar = show()["axes"]
    assert bar["ylabel"] == "value"
    assert bar["artists"][0]["type"] == "QuadMesh"


def test_numbers(figures):
    values = np.array([1 / 3, 2, -0.0, 123456789, np.nan, np.inf, -np.inf])
    expected = [0.333333, 2, 0, 123457000, "nan", "inf", "-inf"]
    assert figures._plain(values) == expected
    assert json.dumps(figures._plain(values[:3])) == "[0.333333, 2, 0]"
    assert figures._plain(np.float32(0.1)) == 0.1


def test_json_has_one_artist_per_line(show, plt, tmp_path):
    plt.plot([1, 2], label="δ")
    plt.plot([1, 3])
    description = show()
    lines = (tmp_path / "figure.json").read_text(encoding="utf-8").splitlines()
    assert [line.partition(",")[0] for line in lines] == [
        '{"size":[6.4',
        "",
        "]",
        '{"title":""',
        '{"type":"Line2D"',
        '{"type":"Line2D"',
        "]}",
        "]}",
    ]
    assert '"label":"δ"' in lines[4]
    artists = description["axes"][0]["artists"]
    assert [json.loads(line.rstrip(",")) for line in lines[4:6]] == artists


UNKNOWN = {
    "AxLine": lambda plt: plt.axline((0, 0), (1, 1)),
    "Table": lambda plt: plt.table([["a"]]),
    "PolyCollection": lambda plt: plt.hexbin([0, 1], [0, 1], gridsize=3),
    "Barbs": lambda plt: plt.barbs([0], [0], [20], [20]),
    "Axes": lambda plt: plt.gca().inset_axes([0.5, 0.5, 0.4, 0.4]),
    "TriMesh": lambda plt: plt.tripcolor(
        [0, 1, 0], [0, 0, 1], [1, 2, 3], shading="gouraud"
    ),
    "ConnectionPatch": lambda plt: plt.gca().add_patch(
        patches.ConnectionPatch((0, 0), (1, 1), "data")
    ),
    "SubFigure": lambda plt: plt.figure().subfigures(1, 2),
}


@pytest.mark.parametrize("kind", UNKNOWN)
def test_an_artist_without_description(figures, plt, kind):
    UNKNOWN[kind](plt)
    with pytest.raises(figures.FigureError, match=f"got a {kind} of a form .*; draw"):
        plt.show()


@pytest.mark.parametrize("projection", ["polar", "3d"])
def test_axes_that_are_not_plane(figures, plt, projection):
    plt.subplot(projection=projection)
    with pytest.raises(figures.FigureError, match=f"axes are plane.* got {projection}"):
        plt.show()


def test_a_scale_that_the_comparison_does_not_know(figures, plt):
    plt.xscale("symlog")
    with pytest.raises(figures.FigureError, match=r"'symlog'.*; plot transformed"):
        plt.show()


def test_a_position_in_unknown_coordinates(figures, plt):
    ax = plt.gca()
    moved = ax.transData + mpl.transforms.Affine2D().translate(9, 9)
    ax.text(0.5, 0.5, "word", transform=moved)
    with pytest.raises(figures.FigureError, match=r"got others, by a Comp.*; use data"):
        plt.show()


def test_an_annotation_in_unnamed_coordinates(figures, plt):
    plt.annotate("word", (0.5, 0.5), xycoords=plt.gca().transData)
    with pytest.raises(figures.FigureError, match="annotation are named"):
        plt.show()


# Both files belong together.


@pytest.fixture
def pair(show, plt, tmp_path):
    plt.plot([1, 2])
    show()
    return tmp_path / "figure.svg", tmp_path / "figure.json"


def test_a_pair_as_written(pair):
    installed.check_pair(*pair)


@pytest.mark.parametrize("edited", [0, 1])
def test_an_edited_file(pair, edited):
    text = pair[edited].read_text(encoding="utf-8")
    pair[edited].write_text(text.replace("2", "3", 1), encoding="utf-8")
    with pytest.raises(installed.FigureError, match=r"not edited; .*make outputs"):
        installed.check_pair(*pair)


def test_an_edited_picture(pair):
    text = pair[0].read_text(encoding="utf-8")
    pair[0].write_text(text.replace("#0072b2", "#0072b3"), encoding="utf-8")
    with pytest.raises(installed.FigureError, match=r"for .*figure.svg, which"):
        installed.check_pair(*pair)


def test_the_description_of_another_figure(pair, plt, figures, tmp_path):
    (tmp_path / "other").mkdir()
    figures.begin(tmp_path / "other")
    plt.plot([1, 3])
    plt.show()
    with pytest.raises(installed.FigureError, match=r"for .*figure.json, which"):
        installed.check_pair(pair[0], tmp_path / "other" / "figure.json")


def test_an_svg_that_is_not_ours(pair):
    pair[0].write_text("<svg/>")
    with pytest.raises(installed.FigureError, match="records sha256 none"):
        installed.check_pair(*pair)


# The comparison.


@pytest.fixture
def described(figures, plt):
    """Draw by a function of new axes; returns the description, nothing written."""

    def described(draw, **settings):
        figure, ax = plt.subplots()
        draw(ax)
        ax.set(**settings)
        figures._svg(figure)
        plt.close()
        return json.loads(figures.dump(figures.describe(figure)))

    return described


def curve(*y, **options):
    return lambda ax: ax.plot(range(len(y)), y, **options)


def test_the_same_figure_has_no_differences(figures, described):
    for add, _ in CASES.values():
        assert figures.compare(described(add), described(add)) == []


@pytest.mark.parametrize(
    ("want", "same", "different", "settings"),
    [
        (0.2, 0.20029, 0.20031, {"ylim": (0, 1)}),
        (0, 0.00009, 0.00011, {"ylim": (0, 1)}),
        # One part in a thousand of 1000 would be half of this axis.
        (1000, 1000.01, 1000.02, {"ylim": (999, 1001)}),
        (5, 5.001, 5.002, {"ylim": (0, 1)}),
        (1e-6, 1.0009e-6, 1.0012e-6, {"ylim": (1e-8, 1), "yscale": "log"}),
        (1, 1.0009, 1.0012, {"ylim": (1e-8, 1e3), "yscale": "log"}),
    ],
)
def test_tolerance_along_an_axis(figures, described, want, same, different, settings):
    expected = described(curve(want, 1), **settings)
    assert figures.compare(expected, described(curve(same, 1), **settings)) == []
    found = figures.compare(expected, described(curve(different, 1), **settings))
    assert found == [
        f"figure axes[0] artists[0] 'Line2D' points[0][1]: expected {want}, "
        f"got {different}"
    ]


def test_each_coordinate_is_measured_on_its_own_axis(figures, described):
    settings = {"xlim": (0, 1000), "ylim": (0, 1)}
    one = described(lambda ax: ax.plot([0.00, 900], [0, 1]), **settings)
    right = described(lambda ax: ax.plot([0.09, 900], [0, 1]), **settings)
    up = described(lambda ax: ax.plot([0, 900], [0.09, 1]), **settings)
    assert figures.compare(one, right) == []
    assert len(figures.compare(one, up)) == 1


def test_single_and_double_precision_look_the_same(figures, described):
    rng = np.random.default_rng(0)
    y, image = rng.standard_normal(50), rng.standard_normal((5, 5))

    def draw(dtype):
        def both(ax):
            ax.plot(y.astype(dtype), label="noise")
            ax.imshow(image.astype(dtype))
            ax.scatter(y.astype(dtype), y.astype(dtype) ** 2, c=np.exp(y.astype(dtype)))

        return both

    assert figures.compare(described(draw("f4")), described(draw("f8"))) == []


DIFFERENT = {
    "label": (
        curve(1, 2, label="sine"),
        curve(1, 2, label="cosine"),
        "artists[0] 'Line2D' 'sine' label: expected 'sine', got 'cosine'",
    ),
    "color": (
        curve(1, 2),
        curve(1, 2, color="C1"),
        "artists[0] 'Line2D' color: expected '#0072b2', got '#d55e00'",
    ),
    "linestyle": (
        curve(1, 2),
        curve(1, 2, linestyle=":"),
        "artists[0] 'Line2D' linestyle: expected '-', got ':'",
    ),
    "linewidth": (
        curve(1, 2),
        curve(1, 2, linewidth=1.801),
        "artists[0] 'Line2D' linewidth: expected 1.8, got 1.801",
    ),
    "number of points": (
        curve(1, 2),
        curve(1, 1.5, 2),
        "artists[0] 'Line2D' points: expected 2 entries, got 3 entries",
    ),
    "type": (
        curve(1, 2),
        lambda ax: ax.fill([0, 1], [1, 2]),
        "artists[0] 'Line2D': expected Line2D, got Polygon",
    ),
    "number of artists": (
        curve(1, 2),
        lambda ax: None,
        "artists: expected 1 entries, got 0 entries",
    ),
    "nan": (
        curve(1, 2, 3),
        curve(1, np.nan, 3),
        "artists[0] 'Line2D' points[1][1]: expected 2, got 'nan'",
    ),
    "title": (
        lambda ax: ax.set_title("growth"),
        lambda ax: ax.set_title("decay"),
        "title: expected 'growth', got 'decay'",
    ),
    "tick labels": (
        lambda ax: ax.set_xticks([0, 1], ["a", "b"]),
        lambda ax: ax.set_xticks([0, 1], ["a", "c"]),
        "xticklabels[1]: expected 'b', got 'c'",
    ),
    "own ticks": (
        lambda ax: None,
        lambda ax: ax.set_xticks([0, 1], ["a", "b"]),
        "xticklabels: expected 'nothing', got 2 entries",
    ),
    "limits": (
        lambda ax: ax.set_xlim(0, 1),
        lambda ax: ax.set_xlim(0, 1.002),
        "xlim[1]: expected 1, got 1.002",
    ),
    "grid": (
        lambda ax: None,
        lambda ax: ax.grid(),
        "xgrid: expected False, got True",
    ),
    "word": (
        lambda ax: ax.text(0, 0, "up"),
        lambda ax: ax.text(0, 0, "down"),
        "artists[0] 'Text' text: expected 'up', got 'down'",
    ),
    "arrow": (
        lambda ax: ax.annotate("", (1, 1), (0, 0)),
        lambda ax: ax.annotate("", (1, 1), (0, 0), arrowprops={"arrowstyle": "-"}),
        "artists[0] 'Annotation' arrow: expected 'nothing', got more",
    ),
    "position of a text in axes": (
        lambda ax: ax.text(0.5, 0.5, "a", transform=ax.transAxes),
        lambda ax: ax.text(0.5, 0.51, "a", transform=ax.transAxes),
        "artists[0] 'Text' points[0][1]: expected 0.5, got 0.51",
    ),
    "image": (
        lambda ax: ax.imshow([[0, 100.0]], clim=(0, 100)),
        lambda ax: ax.imshow([[0.1, 100.0]], clim=(0, 100)),
        "artists[0] 'AxesImage' array[0][0]: expected 0, got 0.1",
    ),
    "arrow lengths": (
        lambda ax: ax.quiver([0], [0], [1], [2], scale=5),
        lambda ax: ax.quiver([0], [0], [1], [2.1], scale=5),
        "artists[0] 'Quiver' v[0]: expected 2, got 2.1",
    ),
    "level": (
        lambda ax: ax.contourf([[0, 1], [0, 1]], levels=[0, 0.5]),
        lambda ax: ax.contourf([[0, 1], [0, 1]], levels=[0, 0.6]),
        "artists[0] 'QuadContourSet' levels[1]: expected 0.5, got 0.6",
    ),
    "second of two axes": (
        lambda ax: (curve(1, 2)(ax), curve(1, 2)(ax.twinx())),
        lambda ax: (curve(1, 2)(ax), curve(1, 2, label="b")(ax.twinx())),
        "figure axes[1] artists[0] 'Line2D' label: expected '', got 'b'",
    ),
}


@pytest.mark.parametrize("case", DIFFERENT)
def test_difference(figures, described, case):
    one, two, message = DIFFERENT[case]
    found = figures.compare(described(one), described(two))
    assert any(text.endswith(message) for text in found), found


def test_a_legend_that_moves(figures, described):
    def draw(loc):
        return lambda ax: (curve(1, 2, label="a")(ax), ax.legend(loc=loc))

    expected = described(draw("upper left"))
    assert figures.compare(expected, described(draw("upper left"))) == []
    assert figures.compare(expected, described(draw("lower left")))


def test_without_the_layout_only_data_are_compared(figures, described):
    def draw(y, loc):
        return lambda ax: (curve(1, y, label="a")(ax), ax.legend(loc=loc))

    expected = described(draw(2, "upper left"))
    moved = described(draw(2, "lower left"))
    assert figures.compare(expected, moved, layout=False) == []
    other = described(draw(3, "lower left"))
    assert figures.compare(expected, other, layout=False)
