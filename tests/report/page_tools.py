"""Makes a report page and shows it to headless Chromium."""
import html.parser
import os
import pathlib
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "src" / "report" / "page"
SCRIPTS = ("values.js", "results.js", "charts.js", "traces.js", "network_traces.js", "comparisons.js", "drugs.js", "fits.js", "group_fits.js", "report.js")   # as in src/report/CMakeLists.txt
D3 = pathlib.Path("/usr/share/javascript/d3/d3.min.js")


def chromium():
    return shutil.which("chromium") or shutil.which("chromium-browser")


def assemble(results_text):
    """What labile::report_page does, for a tree that is not built."""
    parts = {
        "@LABILE_CSS@": (PAGE / "report.css").read_text("utf-8"),
        "@LABILE_RESULTS@": results_text.replace("<", "\\u003c"),
        "@LABILE_D3@": D3.read_text("utf-8"),
        "@LABILE_JS@": "".join((PAGE / name).read_text("utf-8") for name in SCRIPTS),
    }
    rest = (PAGE / "report.html").read_text("utf-8")
    page = ""
    for mark, text in parts.items():
        before, _, rest = rest.partition(mark)
        page += before + text
    return page + rest


def make_page(folder, results_text):
    """DIR/report.html from DIR/results.json: through `labile report` when LABILE_BIN names it, else assembled here."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(results_text, "utf-8")
    binary = os.environ.get("LABILE_BIN")
    page = folder / "report.html"
    if binary:
        subprocess.run([binary, "report", str(folder)], check=True, timeout=60)
    else:
        page.write_text(assemble(results_text), "utf-8")
    return page


def browse(page, *options, width=1200, height=1000):
    """Runs Chromium on the page with a fresh profile; returns what it wrote to its output."""
    with tempfile.TemporaryDirectory(prefix="labile-chromium-", ignore_cleanup_errors=True) as profile:
        command = [chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                   "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
                   "--allow-file-access-from-files",
                   f"--user-data-dir={profile}", "--virtual-time-budget=5000", f"--window-size={width},{height}",
                   *options, page.resolve().as_uri()]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


def framed(page, width):
    """A page that shows `page` in a frame exactly `width` wide: Chromium's windows have a smallest width, phones less.

    What the framed page says of itself (its root's data attributes) is copied to the frame's page, for --dump-dom.
    """
    frame = page.with_name(f"{page.stem}-{width}.html")
    frame.write_text(f"""<!doctype html><body style="margin:0">
<iframe src="{page.name}" style="border:0;width:{width}px;height:100vh;display:block"></iframe>
<script>
const frame = document.querySelector('iframe');
frame.onload = () => Object.assign(document.documentElement.dataset, frame.contentDocument.documentElement.dataset);
</script>""", "utf-8")
    return frame


class Dom(html.parser.HTMLParser):
    """The drawn page: attributes of its root, its elements, and its text outside of scripts and styles."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements = []
        self.text = ""
        self._silent = 0
        self.feed(text)
        self.root = next(attributes for tag, attributes in self.elements if tag == "html")

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self._silent += tag in ("script", "style")

    def handle_endtag(self, tag):
        self._silent -= tag in ("script", "style")

    def handle_data(self, data):
        if not self._silent:
            self.text += data

    def all(self, tag, **wanted):
        return [attributes for name, attributes in self.elements
                if name == tag and all(attributes.get(key) == value for key, value in wanted.items())]
