"""The structural rules of twins, read from syntax trees: no framework is needed."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from sitetools import pages, programs

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "twinnotes"
CONCEPTS = sorted(
    str(path.relative_to(SOURCE)).removesuffix("_torch.py")
    for path in SOURCE.glob("*/*_torch.py")
)
FILES = sorted(p for p in SOURCE.glob("*/*.py") if p.stem != "__init__")
SNIPPETS = sorted(ROOT.glob("snippets/*/*.md"))

# What MXNet 1.9.1 computes without an error and wrong (first- or second-order
# gradients, samples), or only appears to have; `what to write instead` in the value.
BANNED = {
    "var": "((x - x.mean(axis, keepdims=True)) ** 2).mean(axis); its gradient is 0",
    "std": "the root of the mean of squares; its gradient is 0",
    "eig": "linalg.svd of a symmetric matrix; its gradient is 0",
    "eigh": "linalg.svd of a symmetric matrix; its gradient is 0",
    "eigvals": "linalg.svd of a symmetric matrix; its gradient is 0",
    "eigvalsh": "linalg.svd of a symmetric matrix; its gradient is 0",
    "pinv": "linalg.svd or solve; its gradient is 0",
    "percentile": "np.sort and an index; its gradient is 0",
    "quantile": "np.sort and an index; its gradient is 0",
    "polyval": "Horner's rule; its gradient is 0",
    "unique": "a loop outside record; its gradient is 0",
    "atleast_1d": "reshape; its gradient is 0",
    "atleast_2d": "reshape; its gradient is 0",
    "atleast_3d": "reshape; its gradient is 0",
    "rot90": "transpose and flip; its gradient is wrong",
    "SigmoidBCELoss": "the formula; its gradient at logit 0 is wrong",
    "SigmoidBinaryCrossEntropyLoss": "the formula; its gradient at logit 0 is wrong",
    "SELU": "the formula with np.where; its gradient is wrong",
    "chisquare": "gamma(df / 2, 2); its samples have mean df / 4",
    "multivariate_normal": "mean + L z; its covariance is wrong",
    "clip_global_norm": "the formula; it fails on np arrays",
    "zero_grad": "set the gradient to 0; Parameter.zero_grad fails on np arrays",
}
BANNED_ARGUMENTS = {
    ("create_graph", "True"): "write the inner derivative out; zeros come silently",
    ("replace", "False"): "shuffle; choice without replacement is ordered",
    ("act_type", "'selu'"): "the formula with np.where; its gradient is wrong",
}
HEADER = ["import numpy", "numpy.bool = numpy.bool_"]


def interface(tree: ast.AST) -> list[tuple]:
    """Public names, arguments, defaults and docstrings, in order; no annotations."""
    found = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            bases = [ast.unparse(base) for base in node.bases if not _framework(base)]
            found.append(("class", node.name, bases, ast.get_docstring(node)))
            found += [(node.name, *item) for item in interface(node)]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            a = node.args
            arguments = [x.arg for x in (*a.posonlyargs, *a.args, *a.kwonlyargs)]
            defaults = [ast.unparse(d) for d in (*a.defaults, *a.kw_defaults) if d]
            stars = [x.arg for x in (a.vararg, a.kwarg) if x]
            signature = (arguments, defaults, stars)
            found.append(("def", node.name, signature, ast.get_docstring(node)))
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found.append(("name", node.targets[0].id))
    return found


def _framework(base: ast.expr) -> bool:
    return ast.unparse(base) in {"nn.Module", "nn.Block", "autograd.Function"} or (
        "Function" in ast.unparse(base)
    )


def names_in(node: ast.AST) -> list[str]:
    return [child.id for child in ast.walk(node) if isinstance(child, ast.Name)]


def banned(code: str) -> list[str]:
    """List the uses of what MXNet gets wrong silently."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        on_numpy = ast.unparse(node.func).startswith("numpy.")
        if name in BANNED and not on_numpy:
            found.append(f"{name}: write {BANNED[name]}")
        numbers = [a for a in node.args[1:3] if not names_in(a)]
        if name == "where" and numbers and not on_numpy:
            found.append(
                "where(c, x, 0.0): write np.zeros_like(x); its gradient is wrong"
            )
        for word in node.keywords:
            advice = BANNED_ARGUMENTS.get((word.arg, ast.unparse(word.value)))
            if advice and not on_numpy:
                found.append(f"{name}({word.arg}=...): write {advice}")
    return found


def starts_with_header(code: str) -> bool:
    """Tell whether `numpy.bool` is set before MXNet is imported, as a reader needs."""
    body = [ast.unparse(node) for node in ast.parse(code).body]
    first = next(
        i for i, line in enumerate(body) if "mxnet" in line and "import" in line
    )
    before = body[:first]
    return all(line in before for line in HEADER) and "npx.set_np()" in body


def test_a_chapter_holds_twins_and_nothing_else():
    assert len(CONCEPTS) >= 6
    twins = [f"{concept}_{f}" for concept in CONCEPTS for f in programs.FRAMEWORKS]
    found = [str(path.relative_to(SOURCE).with_suffix("")) for path in FILES]
    assert sorted(found) == sorted(twins)


@pytest.mark.parametrize("concept", CONCEPTS)
def test_twins_have_one_interface(concept):
    torch = ast.parse((SOURCE / f"{concept}_torch.py").read_text(encoding="utf-8"))
    mxnet = ast.parse((SOURCE / f"{concept}_mxnet.py").read_text(encoding="utf-8"))
    name = Path(concept).name
    assert interface(torch) == interface(mxnet)
    title, _, twin = ast.get_docstring(torch).partition(" in PyTorch. ")
    assert twin.splitlines()[0] == f"MXNet twin: {name}_mxnet.py."
    assert ast.get_docstring(mxnet).splitlines()[0] == (
        f"{title} in MXNet. PyTorch twin: {name}_torch.py."
    )


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_concept_stands_alone(path):
    framework = path.stem.rpartition("_")[2]
    allowed = {*sys.stdlib_module_names, "numpy", framework}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            names = [node.module]
        else:
            continue
        for name in names:
            assert name.split(".")[0] in allowed, f"{path}:{node.lineno}: {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_public_functions_are_documented(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            text = ast.get_docstring(node) or ""
            where = f"{path}:{node.lineno}: {node.name}"
            order = [text.find(part) for part in ("Args:", "Returns:", "Source:")]
            assert -1 not in order, f"{where}: a docstring has Args, Returns, Source"
            assert order == sorted(order), f"{where}: Args, Returns, Source in order"
            raises = any(isinstance(child, ast.Raise) for child in ast.walk(node))
            assert not raises or "Raises:" in text, f"{where}: Raises is missing"


@pytest.mark.parametrize(
    "path", [f for f in FILES if f.stem.endswith("_mxnet")], ids=lambda p: p.stem
)
def test_mxnet_concepts_avoid_what_is_silently_wrong(path):
    code = path.read_text(encoding="utf-8")
    assert not banned(code)
    assert starts_with_header(code)


@pytest.mark.parametrize(
    "path", [s for s in SNIPPETS if s.stem.endswith("_mxnet")], ids=lambda p: p.stem
)
def test_mxnet_programs_avoid_what_is_silently_wrong(path):
    for number, program in enumerate(programs.load(path, ROOT)):
        where = f"{path} [{program.section}]"
        continues = program.lab and number > 0
        assert continues or starts_with_header(program.code), where
        section = pages.section_of(program, ROOT)
        if section not in {"differences", "mistakes"}:  # there it is the subject
            assert not banned(program.code), where


@pytest.mark.parametrize("concept", CONCEPTS)
def test_both_tabs_print_the_same(concept):
    halves = [
        programs.load(ROOT / "snippets" / f"{concept}_{framework}.md", ROOT)
        for framework in programs.FRAMEWORKS
    ]
    assert [p.section for p in halves[0]] == [p.section for p in halves[1]]
    for torch, mxnet in zip(*halves, strict=True):
        if pages.section_of(torch, ROOT) != "differences":
            assert torch.output == mxnet.output, torch.section
        assert torch.shows_figure == mxnet.shows_figure, torch.section


def test_importing_the_package_loads_no_framework():
    code = (
        "import sys, pkgutil, importlib, twinnotes\n"
        "for m in pkgutil.iter_modules(twinnotes.__path__, 'twinnotes.'):\n"
        "    importlib.import_module(m.name)\n"
        "assert not {'torch', 'mxnet'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT / "src")


@pytest.mark.parametrize(
    "code",
    [
        "x.std()",
        "np.linalg.eigh(a)",
        "autograd.grad(y, [x], create_graph=True)",
        "np.random.choice(4, 2, replace=False)",
        "np.where(x > 0, x, 0.0)",
        "np.where(x > 0, -1.0, x)",
    ],
)
def test_the_ban_sees_what_it_bans(code):
    assert banned(code)
    assert not banned("numpy.std(x); x.mean(); np.random.choice(4, 2)")
    assert not banned("np.where(x > 0, x, zero); numpy.where(x > 0, x, 0)")
