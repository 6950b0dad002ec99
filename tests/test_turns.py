"""Threads that share the interpreter work one at a time."""

import threading
import time

from service.turns import Turns


def test_one_thread_works_at_a_time() -> None:
    turns, inside, most = Turns(), 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(20):
            with turns:
                inside += 1
                most = max(most, inside)
                time.sleep(0.0001)  # lets go of the interpreter, as a parser does
                inside -= 1
                turns.give_way()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert most == 1
    assert not any(thread.is_alive() for thread in threads)


def test_short_work_does_not_wait_for_the_end_of_long_work() -> None:
    turns, done = Turns(), threading.Event()

    def short() -> None:
        with turns:
            done.set()

    thread = threading.Thread(target=short)
    deadline = time.monotonic() + 60
    with turns:
        thread.start()
        while not done.is_set() and time.monotonic() < deadline:
            time.sleep(0.001)
            turns.give_way()
        assert done.is_set()
    thread.join(60)


def test_a_turn_that_ends_in_an_error_is_over() -> None:
    turns = Turns()
    for _ in range(2):
        try:
            with turns:
                raise ValueError("a post that cannot be tagged")
        except ValueError:
            pass
    with turns:
        pass
