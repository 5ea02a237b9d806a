"""Nothing in the repository speaks of the desk it was written at."""

import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]

# Written so that no pattern finds itself.
FORBIDDEN: Final = {
    "a path of one machine": r"(?<![\w./])/(?:[w]ork|[r]oot|[h]ome/\w+/(?:src|git|projects))/|/[t]mp/v\b",
    "a folder outside the repository": r"(?<![\w-])[s]hared/(?:design|protocols|bench|traces|tools)",
    "a host of a registry": r"[r]egistry\.npmjs|[f]iles\.pythonhosted|[p]ypi\.org",
    "the number of an issue": r"\b(?:[i]ssue|[t]icket|PR) ?#\d+|(?<![\w&/#])#\d{1,4}\b(?![\w-])(?=[ ,.;:)]|$)",
    "work left for later": r"\b(?:T[O]DO|F[I]XME|X[X]X)\b",
    "who wrote it with what": r"(?i)\b(?:[c]laude|[c]hatgpt|[c]opilot|[a]nthropic|[l]anguage model|[s]ub-?agent)\b",
}
TEXT: Final = {
    ".py",
    ".md",
    ".toml",
    ".js",
    ".html",
    ".css",
    ".json",
    ".yml",
    ".yaml",
    ".sql",
    ".example",
    ".txt",
    ".cfg",
    "",
}
# Recorded or fetched, not ours to word.
APART: Final = ("tests/traces/freeswitch/", "tests/package-lock.json", "LICENSE")


def files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    names = listed.stdout.splitlines() if listed.returncode == 0 else []
    return [ROOT / name for name in names if not name.startswith(APART) and Path(name).suffix in TEXT]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_nothing_tells(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what])
    told = [
        f"{path.relative_to(ROOT)}:{number}: {found[0]}"
        for path in files()
        if path.is_file()
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1)
        if (found := pattern.search(line))
    ]
    assert told == []


def test_the_files_are_found() -> None:
    assert len(files()) > 50


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a path of one machine", "see /" + "work/notes"),
        ("a folder outside the repository", "shared" + "/design/x.md"),
        ("a host of a registry", "https://pypi" + ".org/simple"),
        ("the number of an issue", "fixes issue " + "#12"),
        ("the number of an issue", "see #" + "12."),
        ("work left for later", "TO" + "DO later"),
        ("who wrote it with what", "Clau" + "de"),
    ],
)
def test_what_tells_is_found(what: str, text: str) -> None:
    assert re.search(FORBIDDEN[what], text)


@pytest.mark.parametrize(
    "text", ["color: #123456", "&#39;", "0 ** # and *0", "a=b#1", "digits `0-9A-D*#`", "#SPU 262144"]
)
def test_what_does_not_tell_is_left_alone(text: str) -> None:
    assert not [what for what, pattern in FORBIDDEN.items() if re.search(pattern, text)]
