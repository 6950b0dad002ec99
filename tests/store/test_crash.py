"""kill -9 in the middle of writing: what was acknowledged is there, once, and the store opens."""

import random
import signal
import subprocess
import sys
import time
from collections import Counter

from service.store import Store
from tests.store.conftest import Target
from tests.store.made import ids, post, record, source, tagged

# Opens the store anew, then polls for ever; says of each post that it is stored once the store has said so.
WRITER = """
import sys
from pathlib import Path
from service.store import Store
from tests.store.made import post, record, source, tagged

target, run = sys.argv[1:]
with Store(Path(target) if target.startswith("/") else target) as store:
    one = source(store)
    for number in range(1_000_000):
        names = [f"{run}-{number}-{part}" for part in range(3)]
        record(store, one, [tagged(post(name, "some words here"), "a") for name in names])
        print(*names, sep="\\n", flush=True)
"""
KILLS = 10


def test_ten_kills_lose_and_double_nothing(empty: Target) -> None:
    acknowledged: list[str] = []
    seed = random.Random(5)
    for run in range(KILLS):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(empty), str(run)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(seed.randrange(1, 30))]
        time.sleep(seed.random() * 0.02)  # until some moment of some transaction
        writer.send_signal(signal.SIGKILL)
        lines += writer.communicate()[0].splitlines(keepends=True)
        assert writer.returncode == -signal.SIGKILL
        acknowledged += [line.strip() for line in lines if line.endswith("\n")]

        with Store(empty) as store:
            stored = []
            cursor = None
            while True:
                page = store.posts(topic="a", limit=1000, cursor=cursor)
                stored += ids(page.posts)
                cursor = page.next
                if cursor is None:
                    break
            counts = [(poll.new, poll.changed) for poll in store.polls(1, limit=100_000)]
        assert len(stored) == len(set(stored))
        assert set(acknowledged) <= set(stored)
        # At most one poll was stored and could not say so any more; it is there whole.
        assert len(stored) - len(acknowledged) <= 3 * (run + 1)
        assert counts == [(3, 0)] * (len(stored) // 3)
    assert len(acknowledged) > KILLS * 3


# Brings examples in for ever, a few at a time, and corrects a post each time, as one transaction.
TEACHER = """
import sys
from pathlib import Path
from model.posts import Post
from service.store import Store
from training.examples import Example

target, run = sys.argv[1:]
with Store(Path(target) if target.startswith("/") else target) as store:
    for number in range(1_000_000):
        batch = f"{run}-{number}"
        with store.together():
            store.add_examples([Example(Post(id=batch, text=f"{batch} {part}"), ("a",)) for part in range(600)], batch)
            store.correct(1, ["a"], batch)
        print(batch, flush=True)
"""


def test_kills_leave_no_examples_by_half(empty: Target) -> None:
    acknowledged: set[str] = set()
    seed = random.Random(7)
    with Store(empty) as store:
        record(store, source(store), [tagged(post("1"), "a")])
    for run in range(KILLS // 2):
        teacher = subprocess.Popen([sys.executable, "-c", TEACHER, str(empty), str(run)], stdout=subprocess.PIPE, text=True)
        assert teacher.stdout is not None
        lines = [teacher.stdout.readline() for _ in range(seed.randrange(1, 5))]
        time.sleep(seed.random() * 0.05)
        teacher.send_signal(signal.SIGKILL)
        lines += teacher.communicate()[0].splitlines(keepends=True)
        acknowledged |= {line.strip() for line in lines if line.endswith("\n")}

        with Store(empty) as store:
            counts = Counter(example.post.id for example in store.all_examples() if example.post.id != "1")
            corrected = {one.who for one in store.corrections(history=True)}
        assert set(counts.values()) == {600}
        assert acknowledged <= counts.keys() == corrected


def test_a_kill_while_the_tables_are_made(empty: Target) -> None:
    code = "import sys; from pathlib import Path; import service.store.migrate as m\n"
    code += "from service.store import Store; f = m.upgrade\n"
    code += "def killed(c):\n f(c)\n import os; os.kill(os.getpid(), 9)\n"
    code += "m.upgrade = killed; t = sys.argv[1]; Store(Path(t) if t.startswith('/') else t)"
    done = subprocess.run([sys.executable, "-c", code, str(empty)], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL

    with Store(empty) as store:
        assert store.sources() == []
