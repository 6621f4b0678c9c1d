"""Directives that write the pages of the reference when the site is built."""

from __future__ import annotations

from typing import Any, Callable, Dict, List

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from site_parts import reference_text, results_text

PAGES: Dict[str, Callable[[], str]] = {
    "reference-options": reference_text.options,
    "reference-entries": reference_text.entries_page,
    "reference-results-file": results_text.page,
}


class Reference(SphinxDirective):
    """`{reference-options}` and its siblings: the text of `PAGES`, read as the page itself is."""

    def run(self) -> List[nodes.Node]:
        text = PAGES[self.name]()
        found: List[nodes.Node] = self.parse_text_to_nodes(text, allow_section_headings=True)
        return found


def setup(app: Any) -> Dict[str, Any]:
    for name in PAGES:
        app.add_directive(name, Reference)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
