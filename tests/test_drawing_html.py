"""The page to click through: one file, its links and ids, its order, and what may run in it."""

from __future__ import annotations

import re
import shutil
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from pictures import drawn

import dslnet
import dslnet.targets.drawing as drawing
from dslnet.cli import main

pytestmark = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
SPECS = Path(__file__).parent.parent / "specs"
SCRIPT = (Path(drawing.__file__).parent / "page.js").read_text(encoding="utf-8")
PAGES = [("transformer", "Transformer"), ("resnet", "ResNet18"), ("diffusion_unet", "DiffusionUNet"), ("vae", "VAE")]


class Page(HTMLParser):
    """The ids, the links of each section in their order, and the tags of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.policy = self.section = ""
        self.links: dict[str, list[str]] = {"": []}
        self.up: dict[str, str] = {}
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.ids += [found["id"]] if "id" in found else []
        if tag == "section":
            self.section = found["id"]
            self.links[self.section] = []
            self.up[self.section] = found.get("data-up", "")
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"]
        link = found.get("href", found.get("xlink:href"))
        if link is not None:
            self.links[self.section].append(link)
        assert not any(name.startswith("on") for name in found), "a handler in an attribute"

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.mark.parametrize(("file", "name"), PAGES)
def test_a_page_is_whole(file: str, name: str) -> None:
    page = Page(drawn(file, name).data(".html").decode())
    assert len(page.ids) == len(set(page.ids))
    every = [link for links in page.links.values() for link in links]
    assert every and all(link.startswith("#") and link[1:] in page.ids for link in every)
    assert set(page.tags) & {"script", "link", "img", "iframe", "object", "embed", "form"} == {"script"}


def test_only_the_script_of_the_page_may_run() -> None:
    text = drawn("transformer", "Transformer").data(".html").decode()
    page = Page(text)
    assert re.findall(r"<script>(.*?)</script>", text, re.DOTALL) == [SCRIPT]
    own = b64encode(sha256(SCRIPT.encode()).digest()).decode()
    assert page.policy.startswith("default-src 'none'") and f"script-src 'sha256-{own}'" in page.policy
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval|Function\(|fetch|import\(", SCRIPT)
    assert "http" not in re.sub(r"http://www\.w3\.org/[^\"]*|http-equiv", "", text)


def test_links_stand_in_the_order_of_the_flow() -> None:
    page = Page(drawn("resnet", "ResNet152").data(".html").decode())
    assert page.links["top"] == ["#block-Bottleneck"] * 4
    names = re.findall(
        r'<a xlink:href="#block-Bottleneck" xlink:title="(layer\d)', "".join(_html("resnet", "ResNet152"))
    )
    assert names == ["layer1", "layer2", "layer3", "layer4"]
    transformer = Page(drawn("transformer", "Transformer").data(".html").decode())
    assert transformer.links["top"] == ["#block-EncoderLayer", "#block-DecoderLayer"]
    assert transformer.links["block-DecoderLayer"] == ["#top", "#block-Attention", "#block-Attention"]


def _html(file: str, name: str) -> list[str]:
    """The sections of a page but for the last, which shows everything."""
    return drawn(file, name).data(".html").decode().split("<section ")[1:-1]


def test_each_section_leads_back() -> None:
    page = Page(drawn("transformer", "Transformer").data(".html").decode())
    assert page.up == {
        "top": "",
        "block-EncoderLayer": "top",
        "block-DecoderLayer": "top",
        "block-Attention": "block-EncoderLayer",
        "all": "top",
    }
    assert page.links["block-Attention"][:2] == ["#top", "#block-EncoderLayer"]


def test_everything_has_the_same_links() -> None:
    page = Page(drawn("resnet", "ResNet18").data(".html").decode())
    assert page.links["all"] == ["#top"] + ["#block-BasicBlock"] * 4


def test_options_hold_for_the_page(tmp_path: Path) -> None:
    path = tmp_path / "net.html"
    words = ["draw", str(SPECS / "resnet.net:ResNet18"), "-o", str(path), "--force"]
    assert main([*words, "--link", "https://a.b/{file}#L{line}"]) == 0
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    assert any(link.startswith("https://a.b/resnet.net#L") for link in page.links["top"])
    assert "#block-BasicBlock" in page.links["top"] and "11.7 M parameters" in re.sub(r"<header>.*</header>", "", text)
    assert main([*words, "--no-caption", "--theme", "dark"]) == 0
    text = path.read_text(encoding="utf-8")
    assert "block repeated" not in text and "@media(prefers" not in text
    assert main(["draw", str(SPECS / "resnet.net:BasicBlock"), "-o", str(path)]) == 0


def test_hostile_words_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "x<script>y&.net"
    hostile = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    path.write_text(
        f"## {hostile}\nblock Inner:\n  - Conv(4, 3) -> ReLU\n\n## {hostile}\nmodel M:\n  input x: [B, 4, H, W]\n"
        "  - a: Inner\n  - b: Inner\n",
        encoding="utf-8",
    )
    text = dslnet.load(path).draw("M").data(".html").decode()
    page = Page(text)
    assert page.tags.count("script") == 1 and "img" not in page.tags
    assert any("alert(1)" in part for part in page.text)
