"""Unpack Debian packages into a folder: no root, nothing installed, and no matter whether `apt-get update` ever ran.

The mirror is the one that this machine itself uses (its files in /etc/apt); lists and archives are private.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ETC_APT = Path("/etc/apt")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


class AptError(Exception):
    """apt or dpkg refused; the text says what they said."""


@dataclass(frozen=True, slots=True)
class Source:
    """One archive of this machine, as one of its sources files tells."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""
    """Path of a keyring; empty when none is named or the key itself is written there."""
    text: str = field(default="", repr=False)
    """The stanza as it stands in the file, when the key itself is written there."""

    @property
    def is_distribution(self) -> bool:
        """Is it Debian's or Ubuntu's own archive, not somebody's extra one?"""
        return re.search(r"/(debian|debian-security|ubuntu|ubuntu-ports)/?$", self.uri) is not None


def exists() -> bool:
    """Has this machine apt and dpkg at all?"""
    return all(shutil.which(program) for program in ("apt-get", "apt-cache", "dpkg"))


def sources(etc_apt: Path = ETC_APT) -> list[Source]:
    """Read the archives of this machine from both spellings of sources files."""
    parts = etc_apt / "sources.list.d"
    found: list[Source] = []
    for path in [etc_apt / "sources.list", *sorted(parts.glob("*.list"))]:
        if path.is_file():
            found += parse_lines(path.read_text(encoding="utf-8", errors="replace"))
    for path in sorted(parts.glob("*.sources")):
        found += parse_stanzas(path.read_text(encoding="utf-8", errors="replace"))
    return found


def parse_lines(text: str) -> Iterator[Source]:
    """Read the one-line spelling: ``deb [signed-by=…] URI SUITE COMPONENT…``."""
    for line in text.splitlines():
        match = re.match(r"\s*deb\s+(?:\[([^]]*)\]\s*)?(\S+)\s+(\S+)\s*([^#]*)", line)
        if match:
            options, uri, suite, components = match.groups()
            signed_by = re.search(r"signed-by=(\S+)", options or "")
            yield Source(uri, (suite,), tuple(components.split()), signed_by.group(1) if signed_by else "")


def parse_stanzas(text: str) -> Iterator[Source]:
    """Read the deb822 spelling: ``Types:``, ``URIs:``, ``Suites:``, ``Components:``, ``Signed-By:``."""
    for stanza in re.split(r"\n\s*\n", text):
        lines = [line for line in stanza.splitlines() if not line.startswith("#")]
        fields: dict[str, str] = {}
        name = ""
        for line in lines:
            if line[:1].isspace():
                fields[name] = fields.get(name, "") + "\n" + line
            elif ":" in line:
                name, _, value = line.partition(":")
                name = name.strip().lower()
                fields[name] = value.strip()
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() == "no":
            continue
        key = fields.get("signed-by", "").strip()
        for uri in fields.get("uris", "").split():
            yield Source(
                uri,
                tuple(fields.get("suites", "").split()),
                tuple(fields.get("components", "").split()),
                "" if "\n" in key else key,
                "\n".join(lines) if "\n" in key else "",
            )


def private_sources(release: str | None, known: list[Source]) -> str:
    """Write the sources file for this machine's own release (None), or for another of Debian from the same mirror."""
    archives = [source for source in known if source.is_distribution]
    if release is None:
        return "\n".join(_one_line(source, suite) for source in archives or known for suite in source.suites) + "\n"
    for source in archives:
        if re.search(r"/debian/?$", source.uri):
            keyring = source.signed_by or str(KEYRING)
            return f"deb [signed-by={keyring}] {source.uri} {release} main\n"
    raise AptError(f"no mirror of Debian is configured here, so its release {release} cannot be had")


def _one_line(source: Source, suite: str) -> str:
    option = f"[signed-by={source.signed_by}] " if source.signed_by else ""
    return f"deb {option}{source.uri} {suite} {' '.join(source.components)}".rstrip()


class Apt:
    """A private apt: its own lists, cache and sources under one folder."""

    def __init__(self, home: Path, release: str | None = None) -> None:
        self._home = home
        self._options = _options(home)
        if not _is_recent(home / "updated"):
            for folder in ("state/lists/partial", "cache/archives/partial"):
                (home / folder).mkdir(parents=True, exist_ok=True)
            (home / "status").touch()
            (home / "sources.list").write_text(private_sources(release, sources()), encoding="utf-8")
            self._run("apt-get", "update", "-q")
            (home / "updated").touch()

    def has(self, package: str, version_prefix: str = "") -> bool:
        """Does the archive offer this package, at a version that begins so?"""
        answer = self._run("apt-cache", "policy", package)
        candidate = re.search(r"Candidate: (\S+)", answer)
        return (
            candidate is not None and candidate.group(1).startswith(version_prefix) and candidate.group(1) != "(none)"
        )

    def libraries(self, package: str) -> list[str]:
        """Name the libraries that a package needs, directly or through others, without the C library itself."""
        answer = self._run(
            "apt-cache",
            "depends",
            "--recurse",
            *(f"--no-{kind}" for kind in ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")),
            package,
        )
        names = set(re.findall(r"^(lib[\w.+-]+)$", answer, flags=re.MULTILINE))
        return sorted(names - {"libc6", "libgcc-s1", "libcrypt1"})

    def unpack(self, package: str, into: Path) -> None:
        """Fetch a package and unpack its files below a folder; its scripts do not run."""
        debs = self._home / "debs"
        shutil.rmtree(debs, ignore_errors=True)
        debs.mkdir()
        into.mkdir(parents=True, exist_ok=True)
        self._run("apt-get", "download", "-q", package, cwd=debs)
        for deb in debs.glob("*.deb"):
            self._run("dpkg", "-x", str(deb), str(into))

    def _run(self, program: str, *arguments: str, cwd: Path | None = None) -> str:
        options = self._options if program.startswith("apt") else []
        try:
            done = subprocess.run(
                [program, *options, *arguments], cwd=cwd, capture_output=True, text=True, timeout=300, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise AptError(f"{program} {arguments[0]} did not end within 300 s") from error
        if done.returncode:
            raise AptError(f"{program} {' '.join(arguments)}: {done.stderr.strip()[-2000:]}")
        return done.stdout


def _is_recent(mark: Path) -> bool:
    """Were the lists fetched within a day? Older ones may name packages that the mirror has replaced."""
    return mark.exists() and time.time() - mark.stat().st_mtime < 86_400


def _options(home: Path) -> list[str]:
    settings = {
        "Dir::State": home / "state",
        "Dir::State::status": home / "status",
        "Dir::Cache": home / "cache",
        "Dir::Etc::sourcelist": home / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        # The user _apt may not write into a private folder.
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
        "Acquire::Retries": "3",
        # Hooks of the machine would clean its own cache or wake its own daemons.
        "APT::Update::Post-Invoke": "",
        "APT::Update::Post-Invoke-Success": "",
    }
    return [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]
