"""How a delivery proves whose it is."""

import base64

import pytest

from tests.core.webhooks.receiver import SECRET, Told
from xswitch_py.core.webhooks.signing import key_of, new_secret, signed


def test_a_signature_is_that_of_the_example_of_the_specification() -> None:
    body = b'{"test": 2432232314}'
    headers = signed(key_of(SECRET), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_body_that_was_changed_is_found_out() -> None:
    headers = signed(key_of(SECRET), "msg_1", 1, b"{}")
    with pytest.raises(AssertionError):
        Told("/", headers, b"{ }").verify(SECRET)


def test_no_two_secrets_are_alike_and_all_can_be_used() -> None:
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert {len(key_of(each)) for each in made} == {24}


@pytest.mark.parametrize("size", [24, 32, 64])
def test_a_secret_of_ones_own_may_be_longer(size: int) -> None:
    assert key_of(f"whsec_{base64.b64encode(bytes(size)).decode()}") == bytes(size)


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "secret",
        SECRET.removeprefix("whsec_"),
        "whsec_" + base64.b64encode(bytes(23)).decode(),
        "whsec_" + base64.b64encode(bytes(65)).decode(),
        "whsec_" + "é" * 32,
        "whsec_" + "!" * 32,
        SECRET[:-1],
    ],
)
def test_what_is_no_secret_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="24 to 64"):
        key_of(secret)
