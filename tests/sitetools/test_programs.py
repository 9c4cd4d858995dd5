"""The grammar of snippet files: what it does not allow is an error, never skipped."""

import pytest

from sitetools import programs

GOOD = """\
<!-- --8<-- [start:scratch] -->

```python
--8<-- "twinnotes/toys/toy_torch.py"

print(double(2))
```

<!--pytest-codeblocks:expected-output-->

```text
4
```

<!-- --8<-- [end:scratch] -->
"""
CONCEPT = '''\
"""Toy."""


# --8<-- [start:f]
def double(x):
    return 2 * x


# --8<-- [end:f]
'''


@pytest.fixture
def write(tmp_path):
    """A function that writes a snippet file and loads it."""
    concept = tmp_path / "src/twinnotes/toys/toy_torch.py"
    concept.parent.mkdir(parents=True)
    concept.write_text(CONCEPT)
    (tmp_path / "snippets/toys").mkdir(parents=True)

    def load(text, name="toy_torch.md", **options):
        path = tmp_path / "snippets/toys" / name
        path.write_text(text)
        return programs.load(path, tmp_path, **options)

    return load


def test_a_program_is_what_the_reader_sees(write):
    (program,) = write(GOOD)
    assert program.code == (
        '"""Toy."""\n\n\ndef double(x):\n    return 2 * x\n\n\n\n\nprint(double(2))\n'
    )
    assert program.output == "4\n"
    assert (program.section, program.concept, program.framework) == (
        *("scratch", "toy", "torch"),
    )


def test_every_line_knows_where_it_is_written(write):
    (program,) = write(GOOD)
    lines = program.code.splitlines()
    for line, (file, number) in zip(lines, program.origins, strict=True):
        assert file.read_text().split("\n")[number - 1] == line


def test_a_section_of_the_concept_file_can_be_included(write):
    (program,) = write(GOOD.replace('toy_torch.py"', 'toy_torch.py:f"'))
    assert program.code.startswith("def double(x):")
    assert program.origins[0][1] == 5


def test_dump_gives_back_what_was_loaded(write):
    text = GOOD + "\n" + GOOD.replace("scratch", "again")
    assert programs.dump(write(text)) == text


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("```python", "```py", "opens with exactly ```python"),
        ("```python", "``` python", "opens with exactly ```python"),
        ("```python", "```{.python}", "opens with exactly ```python"),
        ("```python", '```python title="a"', "opens with exactly ```python"),
        ("```python", "~~~python", "opens with exactly ```python"),
        ("```text", "```", "opens with exactly ```text"),
        (
            "expected-output",
            "expected-outptu",
            "got '<!--pytest-codeblocks:expected-ou",
        ),
        ("<!--pytest-codeblocks:expected-output-->", "<!--pytest.mark.skip-->", "got"),
        ("[end:scratch]", "[end:scratsh]", r"\[end:scratch\]"),
        ("[start:scratch]", "[begin:scratch]", r"\[start:name\]"),
        ("<!-- --8<-- [end", "Prose.\n\n<!-- --8<-- [end", "got 'Prose.'"),
        ("print(double(2))", "print(double(2)", "not Python"),
        ("toy_torch.py", "toy_mxnet.py", r"\*_torch.py, got"),
        ("toy_torch.py", "toys_torch.py", "could not be found"),
        ("toy_torch.py", "toy_torch.py:g", "'g' could not be located"),
        ("print(double(2))\n```\n", "print(double(2))\n", "closing fence"),
        ("\n```text\n4\n```\n", "", r"opens with exactly ```text"),
    ],
)
def test_what_does_not_fit_is_an_error_with_its_line(write, old, new, says):
    assert old in GOOD
    with pytest.raises(programs.SnippetError, match=says) as caught:
        write(GOOD.replace(old, new))
    assert ".md:" in str(caught.value)


def test_two_sections_of_one_name(write):
    with pytest.raises(programs.SnippetError, match="a section name that is new"):
        write(GOOD + GOOD)


def test_a_file_of_no_framework(write):
    with pytest.raises(programs.SnippetError, match=r"got toy_jax\.md"):
        write(GOOD, name="toy_jax.md")


def test_a_program_must_show_something(write):
    silent = GOOD[: GOOD.index("<!--pytest")] + "<!-- --8<-- [end:scratch] -->\n"
    with pytest.raises(programs.SnippetError, match="nothing of it is checked"):
        write(silent)
    assert write(silent, complete=False)
    assert write(silent.replace("print(double(2))", "assert double(2) == 4"))
    assert write(silent.replace("print(double(2))", "plt.show()"))
