"""The public face of flows is three names."""

import types

import xswitch_py.flow


def test_nothing_else_is_exported() -> None:
    assert xswitch_py.flow.__all__ == ["Call", "CallEnded", "flow"]
    names = {name for name, value in vars(xswitch_py.flow).items() if not isinstance(value, types.ModuleType)}
    assert {name for name in names if not name.startswith("_")} == set(xswitch_py.flow.__all__)


def test_what_is_exported_is_what_it_says() -> None:
    assert [getattr(xswitch_py.flow, name).__name__ for name in xswitch_py.flow.__all__] == xswitch_py.flow.__all__


def test_a_call_has_the_methods_that_are_promised() -> None:
    public = {name for name in vars(xswitch_py.flow.Call) if not name.startswith("_")}
    assert public == {
        "answer", "answered", "bridge", "callee", "caller", "do", "events", "gather", "hangup", "hold", "id", "mute",
        "play", "record", "ring", "send_digits", "sleep", "stop_recording", "transfer", "unhold", "user", "variables",
        "wait_for",
    }  # fmt: skip
