"""The table that a run of the scenarios ends with, and the delays that it is held to."""

from dataclasses import dataclass, field

from tests.faults.rush import Rush

HEADINGS = ("scenario", "clients", "heard", "reconnects", "usual", "longest", "stated")
ROW = "{:<72}{:>9}{:>9}{:>12}{:>10}{:>10}{:>9}"


@dataclass
class Report:
    """A row for each scenario."""

    rows: list[str] = field(default_factory=lambda: [ROW.format(*HEADINGS)])

    def add(self, scenario: str, rush: Rush, stated: str) -> None:
        """Add what a rush hour has shown."""
        self.rows.append(
            ROW.format(
                scenario,
                len(rush.listeners),
                len(rush.delays),
                rush.reconnects,
                f"{rush.usual_delay * 1_000:.0f} ms",
                f"{rush.longest_delay:.2f} s",
                stated,
            )
        )


@dataclass(frozen=True, slots=True)
class Promise:
    """How late news may be in one scenario; on a busy machine, by an allowance later."""

    report: Report
    scenario: str
    allowance_seconds: float

    def kept(self, rush: Rush, *, within_seconds: float) -> None:
        """Fail where news came later than stated, and add a row to the report."""
        self.report.add(self.scenario, rush, f"{within_seconds:.0f} s")
        assert rush.longest_delay <= within_seconds + self.allowance_seconds

    def about_nothing_but_order(self, rush: Rush) -> None:
        """Add a row to the report: the acts themselves take their time here."""
        self.report.add(self.scenario, rush, "-")
