"""What draws our pages: only what differs is touched, and what is written is text."""

from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.browser.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

_BEGIN: Final = """async () => {
    const dom = await import("/static/base/dom.js");
    document.body.replaceChildren(document.createElement("main"));
    Object.assign(window, dom, { root: document.querySelector("main"), noted: [] });
}"""


@pytest_asyncio.fixture(loop_scope="session")
async def page(server: Server, alice_browser: Browser) -> AsyncIterator[Page]:
    """A page with `h`, `draw`, `mount` and an empty `root`, under the policy that all our pages have."""
    context = await alice_browser.new_context()
    page = await context.new_page()
    await page.goto(server.url("http") + "/docs/")
    await page.evaluate(_BEGIN)
    yield page
    await context.close()


async def _drawn(page: Page, script: str) -> Any:
    return await page.evaluate(f"() => {{ {script}; return root.innerHTML; }}")


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ('"text"', "text"),
        ('["a", 1, null, false, true, undefined, ["b"]]', "a1b"),
        ('h("p", {class: "x", hidden: true, title: null}, "y")', '<p class="x" hidden="">y</p>'),
        ('h("p", null, "<img src=x onerror=alert(1)>")', "<p>&lt;img src=x onerror=alert(1)&gt;</p>"),
        ('h("p", {style: {"--x": "1px"}})', '<p style="--x: 1px;"></p>'),
        ('h("input", {"aria-pressed": "false", value: "now"})', '<input aria-pressed="false">'),
    ],
)
async def test_a_tree_becomes_elements(page: Page, tree: str, expected: str) -> None:
    assert await _drawn(page, f"draw(root, {tree})") == expected


async def test_what_is_drawn_again_replaces_what_was(page: Page) -> None:
    script = 'draw(root, [h("p", {class: "x"}, "one"), "tail"]); draw(root, [h("p", {id: "i"}, h("b", null, "two"))])'
    assert await _drawn(page, script) == '<p id="i"><b>two</b></p>'


async def test_an_element_that_keeps_its_place_keeps_its_focus(page: Page) -> None:
    script = """() => {
        const view = (label) => [h("label", {}, label), h("input", {})];
        draw(root, view("a"));
        root.querySelector("input").focus();
        draw(root, view("b"));
        return [document.activeElement.tagName, root.textContent];
    }"""
    assert await page.evaluate(script) == ["INPUT", "b"]


@pytest.mark.parametrize(
    ("before", "now"), [("abc", "cab"), ("abc", "b"), ("", "ab"), ("ab", ""), ("abcd", "dcba"), ("abc", "xbya")]
)
async def test_keyed_elements_move_with_their_keys(page: Page, before: str, now: str) -> None:
    script = """([before, now]) => {
        const view = (keys) => [...keys].map((key) => h("i", {key}, key));
        draw(root, view(before));
        const old = new Map([...root.children].map((each) => [each.textContent, each]));
        draw(root, view(now));
        return [root.textContent, [...root.children].every((each) => (old.get(each.textContent) ?? each) === each)];
    }"""
    assert await page.evaluate(script, [before, now]) == [now, True]


async def test_who_stays_keeps_the_focus_when_the_first_one_goes(page: Page) -> None:
    script = """() => {
        const view = (keys) => keys.map((key) => h("input", {key, id: key}));
        draw(root, view(["a", "b", "c"]));
        document.getElementById("b").focus();
        draw(root, view(["b", "c"]));
        return document.activeElement.id;
    }"""
    assert await page.evaluate(script) == "b"


async def test_a_field_has_the_value_it_shall_have_whatever_was_typed(page: Page) -> None:
    script = """() => {
        draw(root, h("input", {value: "a"}));
        root.firstChild.value = "typed";
        draw(root, h("input", {value: "a"}));
        return root.firstChild.value;
    }"""
    assert await page.evaluate(script) == "a"


async def test_a_field_without_a_value_keeps_what_was_typed(page: Page) -> None:
    script = """() => {
        draw(root, h("input", {defaultValue: "a"}));
        root.firstChild.value = "typed";
        draw(root, h("input", {defaultValue: "a", class: "x"}));
        return root.firstChild.value;
    }"""
    assert await page.evaluate(script) == "typed"


async def test_a_list_has_its_value_from_the_first(page: Page) -> None:
    script = """() => {
        draw(root, h("select", {value: "b"}, h("option", {value: "a"}), h("option", {value: "b"})));
        return root.firstChild.value;
    }"""
    assert await page.evaluate(script) == "b"


async def test_one_listener_takes_the_place_of_another(page: Page) -> None:
    script = """() => {
        for (const word of ["old", "new"]) {
            draw(root, h("button", {onclick: () => noted.push(word)}));
        }
        root.firstChild.click();
        draw(root, h("button", {}));
        root.firstChild.click();
        return noted;
    }"""
    assert await page.evaluate(script) == ["new"]


async def test_drawings_are_vectors(page: Page) -> None:
    script = """() => {
        draw(root, h("svg", {viewBox: "0 0 1 1"}, h("path", {d: "M0 0"})));
        draw(root, h("svg", {viewBox: "0 0 1 1"}, h("path", {d: "M1 1"}), h("circle", {})));
        return [...root.querySelectorAll("*")].every((each) => each.namespaceURI === "http://www.w3.org/2000/svg");
    }"""
    assert await page.evaluate(script)


async def test_who_owns_an_element_fills_it(page: Page) -> None:
    script = """
        draw(root, h("div", {own: true, ref: (element) => element.append("theirs")}));
        draw(root, h("div", {own: true, class: "x"}))"""
    assert await _drawn(page, script) == '<div class="x">theirs</div>'


async def test_many_changes_in_one_turn_are_drawn_once(page: Page) -> None:
    script = """async () => {
        let count = 0;
        const redraw = mount(root, () => String(++count));
        redraw(); redraw(); redraw();
        await Promise.resolve();
        return root.textContent;
    }"""
    assert await page.evaluate(script) == "2"


async def test_a_text_in_the_place_of_an_element_and_back(page: Page) -> None:
    script = 'draw(root, h("p", {}, "a")); draw(root, "b"); draw(root, [h("p", {}, "c"), "d"])'
    assert await _drawn(page, script) == "<p>c</p>d"
