"""The page's words for a report: names of arms and outcomes, formats of numbers, and the answer in a sentence."""

import re
from collections.abc import Sequence

from cam.evaluation.records import ALL, RECOGNISED, Report
from cam.evaluation.registry import CLAIMS, CLASS_MEAN, COMMON, DETAIL, HALF_PIXEL, OBJECTS, OWN, REGIONS
from cam.evaluation.verdicts import FAILS, HOLDS, judged

READING_WORDS = {
    OWN: "Measured places",
    COMMON: "Common grid",
    CLASS_MEAN: "Less the mean class",
    HALF_PIXEL: "Half-pixel",
}
GROUP_WORDS = {ALL: "All images", RECOGNISED: "Every network right"}
CLAIM_WORDS = {REGIONS: "Relevant regions", DETAIL: "Object details", OBJECTS: "All objects"}
DOES = {
    REGIONS: "look at more relevant regions",
    DETAIL: "follow objects’ edges more closely",
    OBJECTS: "find more of the objects",
}


def label(report: Report, key: str) -> str:
    """The label of an arm."""
    return report.arms[key].label


def answer(report: Report) -> str:
    """The whole report in a sentence or two for somebody who knows what a network is."""
    subject = label(report, report.subject)
    by_claim = {one.claim: one.outcome for one in report.statements}
    held, failed = ([one for one in CLAIMS if by_claim.get(one) == wanted] for wanted in (HOLDS, FAILS))
    if not any(judged(report, claim) for claim in CLAIMS):
        count = report.images[ALL]
        return f"{count} photograph{'s are' if count != 1 else ' is'} too few to tell whether {subject} looks better."
    if len(held) == len(CLAIMS):
        return f"Yes: {subject} does {_listed([DOES[one] for one in held])} than every other network."
    if not held and not failed and all(one.spread is None for one in report.findings):
        return f"Too little to tell whether {subject} looks better: {report.images[ALL]} photographs, each network trained once."
    if not held and not failed:
        return f"Nobody can tell: {subject} and the others differ by no more than chance explains."
    parts = [f"does {_listed([DOES[one] for one in held])} than every other network"] if held else []
    if failed:
        parts.append(f"does not {_listed([DOES[one] for one in failed], 'or')} ({_winners(report, failed)} better)")
    sentences = f"{'Partly' if held else 'No'}: {subject} {_listed(parts, 'but')}."
    rest = [one for one in CLAIMS if one not in (*held, *failed)]
    return (
        f"{sentences} Does it {_listed([DOES[one] for one in rest], 'or')}? That cannot be told." if rest else sentences
    )


def _winners(report: Report, claims: Sequence[str]) -> str:
    """Names of the arms that are better, from the statements that do not hold."""
    names = [label(report, one.rival) for claim in claims for one in judged(report, claim) if one.sign < 0]
    found = list(dict.fromkeys(names))
    return f"{_listed(found)} {'is' if len(found) == 1 else 'are'}"


def _listed(words: Sequence[str], last: str = "and") -> str:
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def minus(text: str) -> str:
    """Text with a minus sign, not a hyphen, before each negative number; ``Resolution-300`` keeps its hyphen."""
    return re.sub(r"(?<!\w)-(?=\d)", "−", text)


def number(value: float) -> str:
    """Three decimals, with a minus sign."""
    return minus(f"{value:z.3f}")


def interval(values: Sequence[float]) -> str:
    """A mean and its bounds."""
    return f"{number(values[0])} [{number(values[1])}, {number(values[2])}]"


def signed(values: Sequence[float]) -> str:
    """A difference and its bounds, with minus signs."""
    return minus(f"{values[0]:+z.3f} [{values[1]:z.3f}, {values[2]:z.3f}]")


def percent(share: float, decimals: int = 0) -> str:
    """A share in per cent, with a space as everywhere on the page."""
    return f"{100 * share:.{decimals}f} %"


def p_words(p: float) -> str:
    """A p value as people write it."""
    return "<\u00a00.001" if p < 0.001 else f"{p:.3f}"
