"""What a user may do: V16."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xswitch_py.base.permissions import ANY, KINDS, NOTHING, Kind, Permissions

CASES: list[tuple[Kind, set[str], str, bool]] = [
    ("methods", {"verto"}, "verto.invite", True),
    ("methods", {"verto"}, "verto", True),
    ("methods", {"verto.invite"}, "verto.invite", True),
    ("methods", {"verto.invite"}, "verto.bye", False),
    ("methods", {"verto.invite"}, "verto", False),
    ("methods", {"verto"}, "vertox.invite", False),
    ("methods", {"verto"}, "echo", False),
    ("methods", {"verto"}, ".verto", False),
    ("methods", {"verto"}, "", False),
    ("methods", {ANY}, "jsapi", True),
    ("methods", {"verto"}, "Verto.invite", False),
    ("channels", {"presence"}, "presence.1001@localhost", True),
    ("channels", {"presence.1001@localhost"}, "presence.1002@localhost", False),
    ("channels", {ANY}, "FSevent.channel_create", True),
    ("jsapi", {"status"}, "status", True),
    ("jsapi", {"sofia"}, "sofia.status", False),
    ("jsapi", {"sofia.status"}, "sofia.status", True),
    ("jsapi", {ANY}, "anything", True),
    ("fsapi", {"show"}, "show", True),
    ("fsapi", {"show"}, "show.channels", False),
    ("fsapi", {ANY}, "status", True),
]


@pytest.mark.parametrize(("kind", "granted", "name", "allowed"), CASES)
def test_a_name_is_allowed_if_it_or_its_main_part_is_granted(
    kind: Kind, granted: set[str], name: str, allowed: bool
) -> None:
    assert Permissions(**{kind: frozenset(granted)}).allows(kind, name) is allowed


@given(kind=st.sampled_from(list(KINDS)), name=st.text())
def test_absent_sets_deny(kind: Kind, name: str) -> None:
    assert not NOTHING.allows(kind, name)


@given(kind=st.sampled_from(list(KINDS)), other=st.sampled_from(list(KINDS)), name=st.text())
def test_a_grant_of_one_kind_is_no_grant_of_another(kind: Kind, other: Kind, name: str) -> None:
    assert Permissions(**{kind: frozenset({ANY})}).allows(other, name) is (kind == other)
