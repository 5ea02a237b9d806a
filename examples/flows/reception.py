"""A reception: a greeting, a menu, two people to talk to, and a message for those who reach nobody."""

from xswitch_py.flow import Call, CallEnded, flow

MENU = {"1": "user/1001", "2": "user/1002"}


@flow(number="8010")
async def reception(call: Call) -> None:
    """Ask where the caller wants to go, and bring them there."""
    await call.answer()
    key = await call.gather(play="welcome.wav", timeout=5, tries=2)
    if key in MENU:
        talk = await call.bridge(MENU[key], timeout=20)
        if talk.answered:
            return
        await call.play("nobody.wav")
    await message(call)


@flow()
async def message(call: Call) -> None:
    """Record what the caller has to say; the dialplan gets here too, by the step "flow message"."""
    await call.answer()
    recording = await call.record(longest=120)
    try:
        await call.play("after-the-tone.wav", "tone:beep")
        await call.wait_for("dtmf", timeout=120)
        await call.play("thanks.wav")
    except CallEnded:
        call.variables["message"] = recording
        raise
