"""The admin site: users, routes and other resources."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browser.admin import Admin, admin_of
from tests.browser.server import Server, start_demo

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

_EVIL: Final = "<img src=x onerror=\"document.title = 'owned'\">"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A switch that keeps its records in memory."""
    running = await start_demo(tmp_path_factory.mktemp("admin"))
    yield running
    running.terminate()
    assert await running.stopped() == 0
    assert running.faults() == []


@pytest_asyncio.fixture(loop_scope="session")
async def admin(alice_browser: Browser, demo: Server) -> AsyncIterator[Admin]:
    """A tab with the site."""
    async with admin_of(alice_browser, demo) as made:
        yield made


async def test_a_user_is_made_changed_and_removed(admin: Admin) -> None:
    await admin.enter("users?new")
    await admin.page.get_by_label("Name", exact=True).fill("carol")
    await admin.page.get_by_label("Number", exact=True).fill("1700")
    await admin.button("Create").click()
    secret = admin.page.get_by_role("dialog").get_by_label("Phone secret")
    await expect(secret).to_have_value(re.compile(r"\w{12,}"))
    shown = await secret.input_value()
    await admin.button("Copy").click()
    await expect(admin.page.get_by_role("dialog").get_by_role("status")).to_have_text("Copied.")
    assert await admin.page.evaluate("navigator.clipboard.readText()") == shown
    await admin.button("I have kept it").click()
    row = admin.page.get_by_role("row", name=re.compile("carol"))
    await expect(row).to_contain_text("1700")
    await row.get_by_role("link", name="carol").click()
    await expect(admin.heading).to_have_text("carol")
    await admin.page.get_by_label("Shown as").fill("Carol of sales")
    await admin.button("Save").click()
    await expect(admin.page.get_by_text("Saved.")).to_be_visible()
    assert (await admin.api("GET", "/users/carol"))["display_name"] == "Carol of sales"
    await admin.button("Remove").click()
    await admin.button("Remove", within="dialog").click()
    await expect(admin.heading).to_have_text("Users")
    await expect(admin.page.get_by_role("row", name=re.compile("1019"))).to_be_visible()
    await expect(row).to_have_count(0)


async def test_what_is_wrong_stands_beside_its_field(admin: Admin) -> None:
    await admin.enter("users?new")
    name = admin.page.get_by_label("Name", exact=True)
    await admin.button("Create").click()
    await expect(name).to_have_accessible_description(re.compile("This is needed"))
    await expect(name).to_be_focused()
    await name.fill("1000")  # that only the switch knows of
    await admin.page.get_by_label("Role").fill("king")
    await admin.button("Create").click()
    role = admin.page.get_by_label("Role")
    await expect(role).to_have_accessible_description(re.compile("Must be one of: admin, operator, user"))
    await expect(role).to_be_focused()
    await role.fill("user")
    await admin.button("Create").click()
    await expect(name).to_have_accessible_description(re.compile("There is one of this name already"))
    await name.fill("1999")
    number = admin.page.get_by_label("Number", exact=True)
    await number.fill("1001")
    await admin.button("Create").click()
    await expect(number).to_have_accessible_description(re.compile("Another user has this number"))


async def test_nobody_shuts_themselves_out(admin: Admin) -> None:
    """It is not offered to one's own account; and who tries it is told why not."""
    await admin.enter("users/admin")
    await expect(admin.button("New web password")).to_be_visible()
    for name in ("Remove", "Take web password away"):
        await expect(admin.button(name)).to_have_count(0)
    await admin.page.get_by_label("Role").fill("user")
    await admin.button("Save").click()
    await expect(admin.page.get_by_role("alert").filter(has_text="You cannot shut yourself out")).to_be_visible()


async def test_long_texts_are_cut_and_leave_room_for_what_is_done_to_a_row(admin: Admin) -> None:
    await admin.page.set_viewport_size({"width": 1024, "height": 700})
    await admin.enter("users")
    await admin.api("PATCH", "/users/1012", {"display_name": "W" * 64})
    await admin.api("POST", "/webhooks", {"url": "https://example.com/" + "w" * 1500})
    for place, row in (("users", "1012"), ("webhooks", "www")):
        await admin.open(place)
        line = admin.page.get_by_role("row", name=re.compile(row))
        box = await line.get_by_role("button").last.bounding_box()
        assert box is not None and box["x"] + box["width"] <= 1024
        height = await line.evaluate("line => line.offsetHeight")
        assert height < 110, place
        assert await admin.too_wide() <= 0, place
    await admin.api("PATCH", "/users/1012", {"display_name": "User 1012"})


async def test_rows_with_errors_are_left_out_of_a_table_and_the_good_ones_made(admin: Admin) -> None:
    table = (
        'name;display_name;number;enabled\n1800;"Ann; the ""first""";1800;true\n1801;Bob;1001;true\n1802;C;1802;maybe\n'
    )
    await admin.enter("users?import")
    await admin.page.get_by_label("File").set_input_files(
        {"name": "users.csv", "mimeType": "text/csv", "buffer": b"\xef\xbb\xbf" + table.encode()}
    )
    await admin.button("Check").click()
    rows = admin.page.get_by_role("row")
    await expect(rows.filter(has_text="1801")).to_contain_text("Number: Another user has this number.")
    await expect(rows.filter(has_text="1802")).to_contain_text("Enabled: Write true or false.")
    await expect(rows.filter(has_text="1800")).to_contain_text("good")
    assert (await admin.api("GET", "/users/1800"))["code"] == "not_found"  # nothing is made before it is confirmed
    await admin.button("Create 1 user").click()
    await expect(rows.filter(has_text="1800")).to_contain_text("created")
    assert (await admin.api("GET", "/users/1800"))["display_name"] == 'Ann; the "first"'
    async with admin.page.expect_download() as download:
        await admin.button("Save the secrets").click()
    saved = await asyncio.to_thread(Path(await (await download.value).path()).read_bytes)
    assert re.fullmatch(rb"\xef\xbb\xbfname,number,phone_secret\r\n1800,1800,\w{12,}\r\n", saved)
    await admin.page.get_by_role("link", name="To the users").click()
    await expect(admin.page.get_by_role("row", name=re.compile("1800"))).to_be_visible()
    await admin.api("DELETE", "/users/1800")


async def test_a_range_of_numbers_is_made(admin: Admin) -> None:
    await admin.enter("users?range")
    await admin.page.get_by_label("From", exact=True).fill("1999")
    await admin.page.get_by_label("To", exact=True).fill("2003")
    await admin.page.get_by_label("Shown as").fill("Room {number}")
    await expect(admin.page.get_by_role("status").filter(has_text="5 users")).to_contain_text("Room 2003")
    await admin.button("Check").click()
    await admin.button("Create 5 users").click()
    await expect(admin.page.get_by_text("5 users were created.")).to_be_visible()
    await admin.button("Save the secrets").click()
    await admin.open("users")
    for name in ("1999", "2003"):
        await admin.page.get_by_label(f"Select {name}").check()
    await expect(admin.page.get_by_text("2 selected")).to_be_visible()
    await admin.button("Disable").click()
    await admin.button("Disable", within="dialog").click()
    await expect(admin.page.get_by_text("Done for 2 entries.")).to_be_visible()
    assert (await admin.api("GET", "/users/2003"))["enabled"] is False
    for number in range(1999, 2004):
        await admin.api("DELETE", f"/users/{number}")


async def _routes(admin: Admin, *names: str) -> list[str]:
    """Make routes; gives their ids."""
    made = [await admin.api("POST", "/routes", {"name": each, "number": f"77{at}", "steps": ["answer", "echo"]})
            for at, each in enumerate(names)]  # fmt: skip
    return [each["id"] for each in made]


async def _order(admin: Admin) -> list[str]:
    return [each["name"] for each in (await admin.api("GET", "/routes"))["items"] if each["origin"] == "database"]


async def test_routes_are_moved_by_keyboard_and_by_pointer_and_explained(admin: Admin) -> None:
    await admin.enter("blocks")
    ids = await _routes(admin, "first", "second", "third")
    await admin.open("routes")
    down = admin.button(re.compile("Move first down"))
    await down.focus()
    await admin.page.keyboard.press("Enter")
    await expect(admin.page.get_by_text("first is now at place 2 of 3.")).to_be_attached()
    await expect(down).to_be_focused()
    await _until(admin, ["second", "first", "third"])
    grip = admin.page.locator(f"[data-route='{ids[2]}'] .grip")
    target = admin.page.locator(f"[data-route='{ids[1]}']")
    box = await target.bounding_box()
    assert box is not None
    await grip.hover()
    await admin.page.mouse.down()
    await admin.page.mouse.move(box["x"] + 20, box["y"] + box["height"] / 2 + 5)
    await admin.page.mouse.move(box["x"] + 20, box["y"] + 2)
    await admin.page.mouse.up()
    await _until(admin, ["third", "second", "first"])
    await admin.page.get_by_label("Number", exact=True).fill("771")
    await admin.button("Explain").click()
    answer = admin.page.locator(".explain")
    await expect(answer).to_contain_text("771 takes the route “second”.")
    await expect(answer.get_by_role("listitem").filter(has_text="third")).to_contain_text("does not fit: the number")
    await admin.page.get_by_label("Number", exact=True).fill("1001")
    await admin.button("Explain").click()
    await expect(answer).to_contain_text("No phone is logged in.")
    for each in ids:
        await admin.api("DELETE", f"/routes/{each}")


async def _until(admin: Admin, order: list[str]) -> None:
    """Wait until the switch has the routes in this order."""
    async with asyncio.timeout(5):
        while await _order(admin) != order:
            await admin.page.wait_for_timeout(50)


async def test_a_route_is_made_of_steps(admin: Admin) -> None:
    await admin.enter("routes?new")
    await admin.page.get_by_label("Name").fill("Reception")
    await admin.page.get_by_label("Number that is dialled").fill("(")
    for _ in range(3):
        await admin.button("Add a step").click()
    await admin.page.get_by_label("Step 2", exact=True).select_option("playback")
    await admin.page.get_by_label("Step 2: what it needs").fill("music")
    await admin.page.get_by_label("Step 3: what it needs").fill("1001")
    await admin.button("Move step 3 up").click()
    await admin.button("Create").click()
    number = admin.page.get_by_label("Number that is dialled")
    await expect(number).to_have_accessible_description(re.compile("This is no regular expression"))
    await number.fill("0")
    await admin.button("Create").click()
    await expect(admin.page.get_by_role("link", name="Reception")).to_be_visible()
    found = next(each for each in (await admin.api("GET", "/routes"))["items"] if each["name"] == "Reception")
    assert found["steps"] == ["answer", "bridge 1001", "playback music"]
    await admin.api("DELETE", f"/routes/{found['id']}")


@pytest.mark.parametrize(("user", "mine"), [("1004", True), ("1005", False)], ids=["mine", "theirs"])
async def test_a_lost_update_is_asked_about(admin: Admin, user: str, mine: bool) -> None:
    await admin.enter(f"users/{user}")
    field = admin.page.get_by_label("Shown as")
    await field.fill("As I want it")
    await admin.api("PATCH", f"/users/{user}", {"display_name": "As others want it"})
    await admin.button("Save").click()
    dialog = admin.page.get_by_role("dialog")
    row = dialog.get_by_role("row", name=re.compile("Shown as"))
    await expect(row).to_contain_text("As others want it")
    await expect(row).to_contain_text("As I want it")
    await admin.button("Save mine" if mine else "Take what is there").click()
    wanted = "As I want it" if mine else "As others want it"
    await expect(field).to_have_value(wanted)
    await expect(admin.button("Save")).to_be_disabled()
    assert (await admin.api("GET", f"/users/{user}"))["display_name"] == wanted


async def test_names_with_markup_are_text(admin: Admin) -> None:
    """X5."""
    await admin.enter("blocks")
    await admin.api("PATCH", "/users/1008", {"display_name": _EVIL})
    made = await admin.api("POST", "/routes", {"name": _EVIL, "number": "7", "steps": ["playback <b>x</b>"]})
    await admin.open("users")
    await expect(admin.page.get_by_role("row", name=re.compile("1008"))).to_contain_text(_EVIL)
    await admin.open("routes")
    await expect(admin.page.get_by_role("link", name=_EVIL)).to_be_visible()
    await admin.open(f"routes/{made['id']}")
    await expect(admin.heading).to_have_text(_EVIL)
    assert await admin.page.locator("main img, main b").count() == 0
    assert "owned" not in (await admin.page.title()).split(" · ")[-1]
    await admin.api("DELETE", f"/routes/{made['id']}")
    await admin.api("PATCH", "/users/1008", {"display_name": "User 1008"})


async def test_a_gateway_tells_how_it_stands(admin: Admin) -> None:
    await admin.enter("gateways?new")
    await admin.page.get_by_label("Name", exact=True).fill("carrier")
    await admin.page.get_by_label("Address", exact=True).fill("127.0.0.1:9")
    await admin.page.get_by_role("checkbox", name="Register").check()
    await admin.button("Create").click()
    await expect(
        admin.page.get_by_label("User name", exact=True).or_(admin.page.locator("#gateways-register"))
    ).to_have_count(2)
    await expect(admin.page.get_by_text("Registering needs a user name.")).to_be_visible()
    await admin.page.get_by_label("User name", exact=True).fill("acct77")
    await admin.page.get_by_label("Password", exact=True).fill("not-theirs")
    await admin.button("Create").click()
    row = admin.page.get_by_role("row", name=re.compile("carrier"))
    await expect(row).to_contain_text("cannot be reached", timeout=10_000)
    await row.get_by_role("link", name="carrier").click()
    await expect(
        admin.page.get_by_text("Does not answer").or_(admin.page.get_by_text("will try again"))
    ).to_be_visible()
    await admin.button("Remove").click()
    await admin.button("Remove", within="dialog").click()
    await expect(admin.page.get_by_text("There is no gateway yet.")).to_be_visible()


async def test_keys_webhooks_and_blocks_are_made(admin: Admin) -> None:
    await admin.enter("keys?new")
    await admin.page.get_by_label("Name", exact=True).fill("billing")
    await admin.page.get_by_label("Call records: Read").check()
    await admin.button("Create").click()
    await expect(admin.page.get_by_role("dialog").get_by_label("billing")).to_have_value(re.compile("^xs_"))
    await admin.page.keyboard.press("Escape")  # a secret does not go by a slip
    await admin.button("I have kept it").click()
    await expect(admin.page.get_by_role("row", name=re.compile("billing"))).to_contain_text("cdr:read")
    await admin.open("webhooks?new")
    await admin.page.get_by_label("Address", exact=True).fill("https://example.invalid/hook")
    await admin.page.get_by_role("checkbox", name=re.compile("^gateway")).check()
    await admin.button("Create").click()
    await expect(admin.page.get_by_role("dialog").get_by_label("Secret")).to_have_value(re.compile("^whsec_"))
    await admin.button("I have kept it").click()
    await admin.page.get_by_role("link", name="https://example.invalid/hook").click()
    await expect(admin.page.get_by_text("Nothing has been told yet.")).to_be_visible()
    await admin.open("blocks?new")
    await admin.page.get_by_label("Address", exact=True).fill("nonsense")
    await admin.button("Block an address").or_(admin.button("Create")).click()
    await expect(admin.page.get_by_text("Enter an IPv4 address")).to_be_visible()
    await admin.page.get_by_label("Address", exact=True).fill("192.0.2.17")
    await admin.button("Create").click()
    await expect(admin.page.get_by_role("row", name=re.compile("192.0.2.17"))).to_be_visible()


async def test_a_sound_is_brought_and_removed(admin: Admin, sounds: Path) -> None:
    await admin.enter("media")
    await admin.button("Bring a sound").first.click()
    await admin.page.get_by_label("File").set_input_files(sounds / "alice.wav")
    await expect(admin.page.get_by_label("Name", exact=True)).to_have_value("alice")
    await admin.button("Bring it").click()
    row = admin.page.get_by_role("row", name=re.compile("alice"))
    await expect(row).to_contain_text("file:alice")
    await row.get_by_role("button", name="More for alice").click()
    await admin.page.get_by_role("menuitem", name="Hear it").click()
    await expect(admin.page.locator("audio")).to_have_js_property("readyState", 4)
    await admin.button("Close", within="dialog").click()
    await row.get_by_role("button", name="More for alice").click()
    await admin.page.get_by_role("menuitem", name="Remove").click()
    await admin.button("Remove", within="dialog").click()
    await expect(admin.page.get_by_text("There are no sounds yet.")).to_be_visible()
