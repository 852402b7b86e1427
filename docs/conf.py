"""How `make docs` turns the Markdown pages and the public names into a site. No page asks another host."""

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

project = "OpenMined"
author = "the OpenMined contributors"
root_doc = "docs/index"
include_patterns = [
    "*.md",
    "docs/**",
    "benchmarks/RESULTS.md",
    "benchmarks/PRIVACY.md",
    "benchmarks/ADAPTERS.md",
    "benchmarks/CAPSULE.md",
    "benchmarks/STATISTICS.md",
    "benchmarks/TABLES.md",
]
exclude_patterns = ["build/**", ".venv/**", "web/**"]
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}

myst_heading_anchors = 3
# Links to folders and sources are for readers of the repository; a test checks that they exist.
suppress_warnings = ["myst.xref_missing", "myst.header"]

autodoc_typehints = "description"
autodoc_member_order = "bysource"
autodoc_mock_imports = ["tenseal", "llvmlite"]

html_theme = "furo"
html_title = "OpenMined"
html_show_sourcelink = False


def setup(app: Sphinx) -> None:
    """Diagrams stay as text: drawing them would load a script."""
    app.add_lexer("mermaid", TextLexer)
