"""What is wrong with a site file, said so that the installer can mend it without a manual."""

from dataclasses import dataclass

from edge.core.errors import ConfigError

COLUMN_OF_KEYWORD = 66


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One mistake: where, what was found, what is allowed, what to try. Nothing starts with one."""

    keyword: str  # greppable, an anchor in the guide
    line: int
    column: int | None = None
    where: str  # "[grid.meter] model"
    title: str = ""
    found: str
    allowed: str
    remedy: str

    def render(self, file: str) -> str:
        """The four lines of the fault; the first one is clickable in editors."""
        place = f"{file}:{self.line}" + (f":{self.column}" if self.column else "")
        head = f"{place} {self.where}" + (f": {self.title}" if self.title else "")
        return (
            f"{head:<{COLUMN_OF_KEYWORD - 1}} {self.keyword}\n"
            f"  found    {self.found}\n"
            f"  allowed  {self.allowed}\n"
            f"  try      {self.remedy}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """Something that the site starts with, but that somebody must know."""

    keyword: str
    line: int | None
    text: str

    def render(self, file: str) -> str:
        """One line, to stand behind the word warning."""
        place = f"{file}:{self.line}" if self.line else file
        return f"{place} {self.text}"


class SiteFileError(ConfigError):
    """The site file has faults: nothing may be started with it."""

    def __init__(self, file: str, faults: tuple[Fault, ...]) -> None:
        super().__init__(f"{len(faults)} faults in {file}")
        self.file = file
        self.faults = faults

    def render(self) -> str:
        """All faults and the closing sentence."""
        return "\n".join(
            [*(fault.render(self.file) for fault in self.faults), closing(self.file, self.faults)]
        )


def closing(file: str, faults: tuple[Fault, ...]) -> str:
    """The sentence below a list of faults."""
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    return f"{count} in {file}. Nothing was started."
