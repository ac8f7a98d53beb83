"""Whose turn it is: gradings side by side, and a second try alone."""

from __future__ import annotations

import threading

from graders.runner.turns import Turns

SECONDS = 10.0


def test_turns_know_whether_they_were_alone() -> None:
    """Two that overlap were not alone, whichever began first; one after them was."""
    turns = Turns()
    with turns.beside() as first:
        assert first.alone
        with turns.beside() as second:
            assert not (first.alone or second.alone)
    with turns.beside() as third:
        pass
    assert third.alone and not first.alone


def test_alone_waits_for_others_and_others_wait_for_it() -> None:
    """Nothing runs beside a second try, and what comes meanwhile runs after it."""
    turns = Turns()
    began, done, late = threading.Event(), threading.Event(), threading.Event()

    def again() -> None:
        with turns.alone():
            began.set()
            assert done.wait(SECONDS)

    def comes_later() -> None:
        with turns.beside():
            late.set()

    with turns.beside():
        threading.Thread(target=again, daemon=True).start()
        while not turns._waiting:
            pass
        threading.Thread(target=comes_later, daemon=True).start()
        assert not began.wait(0.1)
    assert began.wait(SECONDS)
    assert not late.wait(0.1)
    done.set()
    assert late.wait(SECONDS)


def test_two_second_tries_follow_each_other() -> None:
    """One waits for the other; neither waits for ever."""
    turns = Turns()
    inside, most = [0], [0]

    def again() -> None:
        with turns.alone():
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            inside[0] -= 1

    threads = [threading.Thread(target=again, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive()
    assert most == [1]
