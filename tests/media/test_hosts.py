"""Which of our addresses a peer of plain RTP is told."""

import pytest

from xswitch_py.base.errors import MediaError
from xswitch_py.media.hosts import Hosts

pytestmark = pytest.mark.item("S94")


def test_the_public_address_is_told_in_place_of_those_of_its_family_but_loopback() -> None:
    hosts = Hosts(["10.0.0.5", "2001:db8::5"], "203.0.113.7", only=True)
    assert hosts.told("10.0.0.5") == "203.0.113.7"
    assert hosts.told("2001:db8::5") == "2001:db8::5"
    assert hosts.told("127.0.0.1") == "127.0.0.1"


def test_a_peer_is_told_the_address_from_which_it_is_reached() -> None:
    hosts = Hosts(["10.0.0.5", "10.0.0.6"], None, only=True)
    assert hosts.towards("127.0.0.1") == "127.0.0.1"
    assert hosts.towards("192.0.2.1") == "10.0.0.5"  # the way there is from an address that may not be told
    assert hosts.towards("") == hosts.towards("0.0.0.0") == hosts.towards("phone.example.org") == "10.0.0.5"
    with pytest.raises(MediaError, match="family"):
        hosts.towards("2001:db8::1")
