"""Several reports on one page: what is said first, then a section each."""

from collections.abc import Sequence

from visus.core.report import Report
from visus.reporting.html import page_html, report_content
from visus.reporting.page_style import STYLE
from visus.reporting.wording import escaped

# Verdicts are words, and marks differ by more than their color: pages are printed gray.
SECTIONS = (
    ".visus section{border-top:2px solid var(--line);margin-top:2.5rem}"
    ".visus section>h2{font-size:1.35rem;margin:1rem 0 .9rem}"
    ".visus section h2+.facts{margin-top:0}"
    ".visus nav{margin:1rem 0;font-size:.95rem}"
    ".visus nav a{color:var(--accent);margin-right:1.1rem;display:inline-block}"
    ".visus .finding.warning{border-left-style:double;border-left-width:6px}"
    ".visus .finding.error{border-left-width:8px}"
    ".visus .sign{display:flex;flex-wrap:wrap;gap:2rem;margin-top:3rem;"
    "break-inside:avoid}"
    ".visus .sign span{flex:1 1 10rem;border-top:1px solid var(--ink);"
    "padding-top:.3rem;font-size:.85rem;color:var(--muted)}"
    "@media print{.visus nav{display:none}.visus section>h2{break-after:avoid}}"
)


def sections_html(
    head: Report, sections: Sequence[Report], *, by_hand: Sequence[str] = ()
) -> str:
    """One page that needs nothing but itself.

    Args:
        head: what stands on top.
        sections: in reading order; each has a place that the top names.
        by_hand: what a person is to fill in on paper, below all.
    """
    links = "".join(
        f'<a href="#section-{place}">{escaped(section.title)}</a>'
        for place, section in enumerate(sections)
    )
    parts = "\n".join(
        f'<section id="section-{place}">'
        f"{report_content(section, heading='h2')}</section>"
        for place, section in enumerate(sections)
    )
    lines = "".join(f"<span>{escaped(line)}</span>" for line in by_hand)
    signed = f'\n<div class="sign">{lines}</div>' if lines else ""
    return page_html(
        head.title,
        f"<style>{STYLE}{SECTIONS}</style>"
        f'<div class="visus">\n{report_content(head)}\n<nav>{links}</nav>\n'
        f"{parts}{signed}\n</div>",
    )
