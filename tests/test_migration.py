"""Pages for those who come from another library: its code beside ours, both run, with one answer.

A block of a page whose fence says ``python PEER`` is the peer's. The blocks of a page are run in
one process, as a reader would type them, and what each prints must be the numbers that the block
after it shows for fgrad, which is a doctest and so is run with the page itself.
"""

from __future__ import annotations

import doctest
import itertools
import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import attrs
import pytest

HOW_TO = Path(__file__).parent.parent / "docs" / "how-to"
PEERS = sorted(path.stem.removeprefix("from-") for path in HOW_TO.glob("from-*.md"))
FEWEST = 5
"""Tasks of a page."""

FENCED = re.compile(r"^```python *(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d*)?(?:e[-+]?\d+)?(?!\w)")

# Peers are not imported where other tests run: JAX starts threads, and some warn.
RUNNER = """
import contextlib, io, json, sys
names, answers = {"__name__": "page"}, []
for title, code in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(code, title, "exec"), names)
    answers.append(printed.getvalue())
json.dump(answers, sys.stdout)
"""


def numbers(text: str) -> list[float]:
    return [float(number) for number in NUMBER.findall(text)]


@attrs.frozen
class Task:
    """The peer's code, and the numbers that the block after it shows for fgrad."""

    title: str
    theirs: str
    ours: list[float]


def tasks_of(page: str, peer: str) -> list[Task]:
    found = []
    for section in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        title, _, text = section.partition("\n")
        blocks = [*FENCED.findall(text), ("", "")]
        for (of, theirs), (_, ours) in itertools.pairwise(blocks):
            if of == peer:
                examples = doctest.DocTestParser().get_examples(ours)
                answer = numbers("".join(example.want for example in examples))
                found.append(Task(title, theirs, answer))
    return found


def printed(tasks: list[Task]) -> list[str]:
    code = json.dumps([(task.title, task.theirs) for task in tasks])
    run = [sys.executable, "-c", RUNNER]
    done = subprocess.run(run, input=code, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answers: list[str] = json.loads(done.stdout)
    return answers


def compared(page: str, peer: str) -> None:
    tasks = tasks_of(page, peer)
    for task, answer in zip(tasks, printed(tasks), strict=True):
        assert numbers(answer) == pytest.approx(task.ours, rel=1e-12), task.title


@pytest.mark.parametrize("peer", PEERS)
def test_every_page_has_all_tasks_with_answers(peer: str) -> None:
    tasks = tasks_of((HOW_TO / f"from-{peer}.md").read_text(encoding="utf-8"), peer)
    assert len({task.title for task in tasks}) >= FEWEST
    assert all(task.ours and "print(" in task.theirs for task in tasks)


@pytest.mark.parametrize("peer", PEERS)
def test_both_give_the_same_answers(peer: str) -> None:
    if find_spec(peer) is None:
        pytest.skip(f"{peer} is not installed: it is in the extra `bench`")
    compared((HOW_TO / f"from-{peer}.md").read_text(encoding="utf-8"), peer)


PAGE = """
## A task

```python peer
print(2.0 * 3)
```

```python
>>> 2.0 * 3.0
ANSWER

```
"""


def test_another_answer_or_code_that_fails_is_found() -> None:
    compared(PAGE.replace("ANSWER", "6.0"), "peer")
    for page in (PAGE.replace("ANSWER", "6.5"), PAGE.replace("2.0 * 3)", "1 / 0)")):
        with pytest.raises(AssertionError):
            compared(page, "peer")


def test_numbers_are_read_as_they_are_printed() -> None:
    assert numbers("[[1., -2.5e-07]] x1 DM(3) float64 {'k2': 4}") == [1.0, -2.5e-07, 3.0, 4.0]
