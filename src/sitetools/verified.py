"""The record of verified runs, and the stamp that it puts under every program.

`make outputs` writes snippets/<chapter>/<concept>.verified.json from the runs
themselves; nobody types in it. Every program has an entry:

    run          hash of the program, includes resolved, and of what it printed
    environment  key of the versions and the CPU, kept once per file
    seconds      of CPU time, of the program alone: its framework has been imported

and, once it has run on a GPU, one in the group "gpu", with the model, the seconds by
the clock, and the difference from the CPU. Every pair of twins has the `largest`
difference between the `numbers` that both format, print and plot, taken before they
become text. The difference of a and b is |a - b| / max(1, |a|, |b|): absolute up to 1,
relative above. It is null where the twins do not show equally many numbers, or one
shows an infinity or nan and the other something else.

An entry is kept while nothing but its seconds would change, so that running everything
again changes no file.
"""

import functools
import hashlib
import json
import math
import re
from pathlib import Path

from sitetools.programs import FRAMEWORKS, Program, load

LABELS = {"torch": "PyTorch", "mxnet": "MXNet"}
SUFFIX = ".verified.json"
TEXT = {
    "en": {
        "stale": "This program has changed since it last ran.",
        "cpu": "Ran with {versions} on {cpu}: {seconds:g} s of CPU time after imports",
        "gpu": "; on {gpu} with {versions}: {seconds:g} s, its numbers {verdict}.",
        "no gpu": "; not run on a GPU.",
        "one": " It shows one number, {verdict}.",
        "many": " It shows {numbers} numbers, {verdict}.",
        "comma": ", ",
        "here": "the CPU",
        "whose": "{}'s",
        "equal": "equal to {whose}",
        "within": "within {largest:g} of {whose} (relative above 1)",
        "apart": "different from {whose}",
    },
    "zh": {
        "stale": "这个程序改动后还没有运行过。",
        "cpu": "在 {cpu} 上用 {versions} 运行过，导入之后占用 CPU {seconds:g} 秒",
        "gpu": "；在 {gpu} 上用 {versions} 运行，用时 {seconds:g} 秒，各数{verdict}。",
        "no gpu": "；未在 GPU 上运行。",
        "one": "给出 1 个数，{verdict}。",
        "many": "给出 {numbers} 个数，{verdict}。",
        "comma": "、",
        "here": "CPU",
        "whose": " {} 的",
        "equal": "与{whose}相等",
        "within": "与{whose}相差不超过 {largest:g}（大于 1 的按比例计）",
        "apart": "与{whose}不同",
    },
}


def path_of(program: Program) -> Path:
    """The record of a program and its neighbors: norms.verified.json."""
    return program.path.with_name(program.concept + SUFFIX)


def fingerprint(program: Program) -> str:
    """A hash of what is run and of what it printed."""
    text = f"{program.code}\0{program.output or ''}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@functools.cache
def read(path: Path) -> dict:
    """Read a record once per build; an empty one if there is none."""
    groups = ("environments", *FRAMEWORKS, "gpu", "differences")
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {group: known.get(group, {}) for group in groups}


def largest_difference(ours: list[float], theirs: list[float]) -> float | None:
    """The largest |a - b| / max(1, |a|, |b|), or None where it would mean nothing.

    Equal infinities, and two nan, differ by 0. It is None if there is not one b for
    each a, or if an infinity or nan meets anything else.
    """
    if len(ours) != len(theirs):
        return None

    def difference(a: float, b: float) -> float:
        if a == b or (math.isnan(a) and math.isnan(b)):
            return 0.0
        if not (math.isfinite(a) and math.isfinite(b)):
            return math.inf
        return abs(a - b) / max(1.0, abs(a), abs(b))

    largest = max(map(difference, ours, theirs), default=0.0)
    return largest if largest < math.inf else None


def update(
    runs: list[tuple[Program, dict]], gpu_runs: list[tuple[Program, dict, dict]]
) -> None:
    """Write the records of programs that have just run and passed.

    Args:
        runs: Programs, and what zygote.watch found when they ran on the CPU.
        gpu_runs: PyTorch programs, and what it found on a GPU and on the CPU.
    """
    read.cache_clear()
    for path in {path_of(program) for program, *_ in (*runs, *gpu_runs)}:
        record = read(path)
        here = [(p, found) for p, found in runs if path_of(p) == path]
        for program, found in here:
            _put_run(record, program, found)
        _put_differences(record, here)
        for program, on_gpu, on_cpu in gpu_runs:
            if path_of(program) == path:
                _put_gpu(record, program, on_gpu, on_cpu)
        path.write_text(_dump(_prune(record, path)), encoding="utf-8", newline="\n")
    read.cache_clear()


def _entry(record: dict, program: Program, found: dict) -> dict:
    environment = found["environment"]
    digest = hashlib.sha256(json.dumps(environment).encode()).hexdigest()[:8]
    record["environments"][digest] = environment
    seconds = float(f"{found['seconds']:.2g}")
    return {"run": fingerprint(program), "environment": digest, "seconds": seconds}


def _compared(ours: list[float], theirs: list[float]) -> dict:
    largest = largest_difference(ours, theirs)
    return {
        "numbers": len(ours),
        "largest": None if largest is None else float(f"{largest:.2g}"),
    }


def _put_run(record: dict, program: Program, found: dict) -> None:
    old = record[program.framework].get(program.section)
    new = _entry(record, program, found)
    if old and old | {"seconds": new["seconds"]} == new:
        return
    record[program.framework][program.section] = new
    if not old or old["run"] != new["run"]:
        record["differences"].pop(program.section, None)
        if program.framework == "torch":
            record["gpu"].pop(program.section, None)


def _put_differences(record: dict, runs: list[tuple[Program, dict]]) -> None:
    found = {(p.framework, p.section): found["numbers"] for p, found in runs}
    for section in dict.fromkeys(p.section for p, _ in runs):
        halves = [found.get((framework, section)) for framework in FRAMEWORKS]
        if None not in halves:
            record["differences"][section] = _compared(*halves)


def _put_gpu(record: dict, program: Program, on_gpu: dict, on_cpu: dict) -> None:
    compared = _compared(on_gpu["numbers"], on_cpu["numbers"])
    new = _entry(record, program, on_gpu) | {"gpu": on_gpu["gpu"]} | compared
    old = record["gpu"].get(program.section)
    if not old or old | {"seconds": new["seconds"]} != new:
        record["gpu"][program.section] = new


def _halves(path: Path) -> dict[str, list[Program]]:
    """The programs that a record is about, as they are now."""
    root, concept = path.parents[2], path.name.removesuffix(SUFFIX)
    files = {name: path.with_name(f"{concept}_{name}.md") for name in FRAMEWORKS}
    return {
        name: load(file, root, complete=False) if file.exists() else []
        for name, file in files.items()
    }


def _prune(record: dict, path: Path) -> dict:
    """Leave out what is about no program or no entry, and sort by place on the page."""
    halves = _halves(path)
    kept = {}
    for group in (*FRAMEWORKS, "gpu", "differences"):
        known = record[group]
        sections = [p.section for p in halves.get(group, halves["torch"])]
        kept[group] = {name: known[name] for name in sections if name in known}
    entries = [e for g in (*FRAMEWORKS, "gpu") for e in kept[g].values()]
    used = dict.fromkeys(entry["environment"] for entry in entries)
    return {"environments": {key: record["environments"][key] for key in used}} | kept


def _dump(record: dict) -> str:
    """Write a record, an entry a line."""
    groups = []
    for group, entries in record.items():
        lines = [f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in entries.items()]
        body = "{\n" + ",\n".join(lines) + "\n }" if lines else "{}"
        groups.append(f" {json.dumps(group)}: {body}")
    return "{\n" + ",\n".join(groups) + "\n}\n"


def problems(root: Path) -> list[str]:
    """List what is missing, stale or about nothing in the records of a project.

    Returns:
        Sentences, each of which names the page and the program; [] if every program
        has run as it is, at the versions of constraints.txt.
    """
    text = (root / "constraints.txt").read_text(encoding="utf-8")
    pins = {}
    for name, version in re.findall(r"^([\w-]+)==([^\s;]+)", text, re.MULTILINE):
        pins.setdefault(name, set()).add(version)
    snippets = root.glob("snippets/*/*_*.md")
    files = {f.with_name(f.stem.rpartition("_")[0] + SUFFIX) for f in snippets}
    found = []
    for path in sorted(files | set(root.glob(f"snippets/*/*{SUFFIX}"))):
        found += _problems_of(path, pins)
    return found


def _problems_of(path: Path, pins: dict[str, set[str]]) -> list[str]:
    record, halves = read(path), _halves(path)
    found = []

    def add(group: str, section: str, problem: str) -> None:
        page = f"{path.parent.name}/{path.name.removesuffix(SUFFIX)}".replace("_", "-")
        found.append(
            f"docs/en/{page}.md, {group} program [{section}]: {problem} (make outputs)"
        )

    for framework in FRAMEWORKS:
        for program in halves[framework]:
            if program.section not in record[framework]:
                add(framework, program.section, f"no record in {path.name}")
    for group in (*FRAMEWORKS, "gpu", "differences"):
        half = halves.get(group, halves["torch"])
        programs = {program.section: program for program in half}
        for section, entry in record[group].items():
            program = programs.get(section)
            if not program:
                add(group, section, f"{path.name} records it, but there is none")
            elif "run" in entry and entry["run"] != fingerprint(program):
                add(group, section, "it or its output has changed since it last ran")
            elif "run" in entry:
                ran = record["environments"][entry["environment"]]
                for name in ran.keys() & pins.keys():
                    if ran[name].partition("+")[0] not in pins[name]:
                        pinned = " or ".join(sorted(pins[name]))
                        what = f"it ran with {name} {ran[name]}, not {pinned}"
                        add(group, section, what)
    for section in record["torch"].keys() & record["mxnet"].keys():
        if section not in record["differences"]:
            add("either", section, "the twins have not run together")
    return found


def versions(entry: dict, record: dict, comma: str = ", ") -> str:
    """PyTorch 2.13.0, NumPy 1.26.4, Python 3.11.7: what a recorded run had."""
    ran = record["environments"][entry["environment"]]
    labels = LABELS | {"numpy": "NumPy", "python": "Python"}
    return comma.join(
        f"{label} {ran[name].partition('+')[0]}"
        for name, label in labels.items()
        if name in ran
    )


def entry_of(program: Program, group: str | None = None) -> dict | None:
    """The entry of a program as it is now; None if it has not run."""
    known = read(path_of(program))[group or program.framework].get(program.section)
    return known if known and known["run"] == fingerprint(program) else None


def stamp(program: Program, language: str) -> str:
    """One line that says on what a program last ran and how far its twin is.

    Args:
        program: A program.
        language: "en" or "zh".
    """
    text, record = TEXT[language], read(path_of(program))

    def ran(kind: str, entry: dict, **more: str) -> str:
        environment = record["environments"][entry["environment"]]
        named = versions(entry, record, text["comma"])
        return text[kind].format(
            **entry, **more, cpu=environment["cpu"], versions=named
        )

    def verdict(compared: dict, name: str) -> str:
        kinds = {None: "apart", 0: "equal"}
        kind = kinds.get(compared["largest"], "within")
        whose = text["whose"].format(name)
        return text[kind].format(whose=whose, largest=compared["largest"])

    entry = entry_of(program)
    if not entry:
        return text["stale"]
    line = ran("cpu", entry)
    if program.framework == "torch" and (gpu := entry_of(program, "gpu")):
        line += ran("gpu", gpu, verdict=verdict(gpu, text["here"]))
    else:
        line += text["no gpu"]
    compared = record["differences"].get(program.section)
    if not compared or not compared["numbers"]:
        return line
    [twin] = [label for name, label in LABELS.items() if name != program.framework]
    kind = "one" if compared["numbers"] == 1 else "many"
    return line + text[kind].format(**compared, verdict=verdict(compared, twin))
