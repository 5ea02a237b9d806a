"""Words of a command line to the parameters of a command, as the OpenRPC document describes them; pure."""

import difflib
import json
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["Methods", "spelled"]

Json = dict[str, Any]


class Methods:
    """The methods of a document."""

    def __init__(self, document: Json) -> None:
        self.by_name: dict[str, Json] = {method["name"]: method for method in document.get("methods", ())}
        self._schemas: Json = document.get("components", {}).get("schemas", {})

    def params(self, name: str, words: Iterable[str], read: Callable[[str], str] | None = None) -> Json:
        """Read `key=value` words. A value is text where the method takes text there, and else JSON.

        `key=@FILE` is what `read` gives for the file, where there is one.

        Raises:
            ValueError: a word is no such thing; the text says so.
        """
        schemas = {param["name"]: param["schema"] for param in self.by_name.get(name, {}).get("params", ())}
        made: Json = {}
        for word in words:
            key, equals, text = word.partition("=")
            if not equals or not key:
                raise ValueError(f"{word}: write it as key=value")
            if read is not None and text.startswith("@"):
                made[key] = read(text[1:])
            else:
                made[key] = self._value(text, schemas.get(key))
        return made

    def check(self, name: str) -> None:
        """Raise ValueError, which says what there is instead, if there is no such method."""
        if name not in self.by_name:
            near = difflib.get_close_matches(name, self.by_name, 3, 0.8) or self.near(f"{name.partition('.')[0]}.")
            areas = sorted({each.partition(".")[0] for each in self.by_name})
            known = f"known are {', '.join(near)}" if near else f"they begin with {', '.join(areas)}"
            raise ValueError(f"there is no command {name}; {known}")

    def usage(self, name: str) -> str:
        """Show how a method is called, in one line."""
        words = (f"{each['name']}=..." for each in self.by_name[name]["params"] if each.get("required"))
        more = (f"[{each['name']}=...]" for each in self.by_name[name]["params"] if not each.get("required"))
        return " ".join((name, *words, *more))

    def near(self, start: str) -> list[str]:
        """Name the methods that begin so."""
        return sorted(name for name in self.by_name if name.startswith(start))

    def _value(self, text: str, schema: Json | None) -> Any:
        kinds = self._kinds(schema or {})
        value = spelled(text)
        if schema is None or not kinds:
            return value
        if isinstance(value, str) or (value is None and "null" in kinds):
            return text.split(",") if kinds - {"null"} == {"array"} and isinstance(value, str) else value
        return text if "string" in kinds else value

    def _kinds(self, schema: Json, deep: int = 0) -> set[str]:
        """Name the types of JSON that a schema takes."""
        if deep > 8:
            return set()
        if "$ref" in schema:
            return self._kinds(self._schemas.get(schema["$ref"].rpartition("/")[2], {}), deep + 1)
        found = schema.get("type", [])
        kinds = {found} if isinstance(found, str) else set(found)
        for each in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
            kinds |= self._kinds(each, deep + 1)
        return kinds


def spelled(text: str) -> Any:
    """Take a value as JSON if it is, and else as text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
