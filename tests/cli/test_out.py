"""How results are printed."""

import pytest

from xswitch_py.cli import out


def test_a_table_is_aligned_and_nothing_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    out.table(("name", "what"), [["张三", "x" * 200], ["a", "b"]])
    assert capsys.readouterr().out == f"NAME  WHAT\n张三  {'x' * 200}\na     b\n"
    out.table(("name",), [], "nobody")
    assert capsys.readouterr().out == "nobody\n"


def test_what_peers_say_does_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    out.table(("name",), [["a\x1b[2Jb\nc"]])
    out.pairs([("name", "\x07"), ("longer", "x")])
    assert capsys.readouterr().out == "NAME\na?[2Jb?c\nname    ?\nlonger  x\n"


def test_progress_is_for_terminals_only(capsys: pytest.CaptureFixture[str]) -> None:
    with out.progress("working"):
        pass
    assert capsys.readouterr() == ("", "")
