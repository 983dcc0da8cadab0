"""The report of an evaluation: what was found, and every number that can be asked of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pagehop.evals.cases import Case
from pagehop.evals.configurations import Configuration
from pagehop.evals.cuts import Kept, kept
from pagehop.evals.measures import Measure
from pagehop.evals.resampling import Difference, Estimate, Sample
from pagehop.evals.routes import Routes
from pagehop.evals.runs import Outcomes
from pagehop.evals.summary import by_set, milliseconds, sampled


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was found for every case under every configuration."""

    cases: tuple[Case, ...]
    notes: tuple[str, ...]  # what was not asked, and why
    configurations: tuple[Configuration, ...]
    outcomes: Outcomes
    pooled: bool
    bytes_a_page: Mapping[str, float]
    routes: Routes | None = None  # of questions whose modality is labelled

    @cached_property
    def sets(self) -> dict[str, list[Case]]:
        """The cases of each data set; first all of them, where there is more than one set."""
        return by_set(self.cases)

    @property
    def ranked(self) -> tuple[Configuration, ...]:
        """The configurations that are a ranking of their own, not another's first part."""
        whole = tuple(one for one in self.configurations if one.settings.cut == "fixed")
        return whole or self.configurations

    @property
    def reference(self) -> Configuration:
        """The configuration that the others are held against: the default, else the last."""
        named = {one.name: one for one in self.ranked}
        return named.get("default", self.ranked[-1])

    def macro(self, name: str, measure: Measure, cases: Sequence[Case]) -> Estimate | None:
        """The mean over documents; None where the measure fits no case."""
        found = self._sample(name, measure, cases)
        return None if found is None else found.macro()

    def micro(self, name: str, measure: Measure, cases: Sequence[Case]) -> Estimate | None:
        """The mean over questions; None where the measure fits no case."""
        found = self._sample(name, measure, cases)
        return None if found is None else found.micro()

    def less(self, name: str, measure: Measure, cases: Sequence[Case]) -> Difference | None:
        """The reference less another configuration, by document; None where nothing fits."""
        own = self._sample(self.reference.name, measure, cases)
        other = self._sample(name, measure, cases)
        return None if own is None or other is None else own.less(other)

    def time(self, name: str, cases: Sequence[Case]) -> tuple[float, float]:
        """Milliseconds of a search: the median, and what 95 in 100 stay below."""
        return milliseconds(self.outcomes[name][case.question.id] for case in cases)

    def cuts(self, cases: Sequence[Case]) -> dict[str, Kept]:
        """What each configuration that cuts keeps, beside the reference, which does not."""
        whole = self.outcomes[self.reference.name]
        found = {
            one.name: kept(cases, self.outcomes[one.name], whole)
            for one in self.configurations
            if one.settings.cut != "fixed" and one != self.reference
        }
        return {name: one for name, one in found.items() if one is not None}

    def _sample(self, name: str, measure: Measure, cases: Sequence[Case]) -> Sample | None:
        return sampled(measure, cases, self.outcomes[name])
