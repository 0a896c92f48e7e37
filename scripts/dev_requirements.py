"""Print the development requirements of pyproject.toml, one a line, for a pip that has no --group yet."""

import tomllib
from pathlib import Path

groups = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
print("\n".join(groups["dev"]))
