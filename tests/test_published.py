"""Published checkpoints: files as transformers and torchvision write them, in the shipped models.

Configurations are small and weights are random; nothing is downloaded. Presets are compared with the configurations
that were published, whose weights nobody allocates.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

import shipped  # noqa: E402
from copy_weights import distance, disturb  # noqa: E402
from shipped.gpt2 import pair  # noqa: E402
from torchvision_on_cpu import torchvision as vision  # noqa: E402
from torchvision_on_cpu import transformers as package  # noqa: E402

import dslnet  # noqa: E402
from dslnet.checkpoints import fitted, parse_table, read_table  # noqa: E402
from dslnet.cli import main  # noqa: E402
from dslnet.diagnostics import Report  # noqa: E402
from dslnet.source import Source  # noqa: E402
from dslnet.weights import definition_weights  # noqa: E402

LLAMA = {
    "vocab_size": 61, "hidden_size": 32, "intermediate_size": 80, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "rms_norm_eps": 1e-5, "max_position_embeddings": 64, "tie_word_embeddings": False,
}  # fmt: skip
BERT = {
    "vocab_size": 61, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 128,
    "max_position_embeddings": 40,
}  # fmt: skip

#: file:Model, our arguments, their class, their arguments.
CHECKPOINTS = [
    ("gpt2:GPT2", {"vocab": 61, "context": 40, "d": 32, "heads": 4, "layers": 2}, "GPT2LMHeadModel",
     {"vocab_size": 61, "n_positions": 40, "n_embd": 32, "n_head": 4, "n_layer": 2}),
    ("gpt2:GPT2", {"vocab": 61, "context": 40, "d": 32, "heads": 4, "layers": 2}, "GPT2Model",
     {"vocab_size": 61, "n_positions": 40, "n_embd": 32, "n_head": 4, "n_layer": 2}),
    ("bert:BERT", {"vocab": 61, "context": 40, "d": 32, "heads": 4, "depth": 2}, "BertModel", BERT),
    ("bert:BERT", {"vocab": 61, "context": 40, "d": 32, "heads": 4, "depth": 2}, "BertForPreTraining", BERT),
    ("bert:BERTPretraining", {"vocab": 61, "context": 40, "d": 32, "heads": 4, "depth": 2}, "BertForPreTraining", BERT),
    ("albert:ALBERT", {"vocab": 61, "context": 40, "e": 16, "d": 32, "heads": 4, "depth": 2}, "AlbertForPreTraining",
     {**BERT, "embedding_size": 16}),
    ("llama:Llama2_7B", {"vocab": 61, "d": 32, "heads": 4, "kv_heads": 2, "ff": 80, "depth": 2}, "LlamaForCausalLM",
     LLAMA),
    ("moe:Mixtral", {"vocab": 61, "d": 32, "heads": 4, "kv_heads": 2, "ff": 80, "depth": 2, "experts": 4},
     "MixtralForCausalLM", {**LLAMA, "num_local_experts": 4}),
    ("t5:T5Small", {"vocab": 61, "d": 32, "heads": 4, "ff": 64, "depth": 2}, "T5ForConditionalGeneration",
     {"vocab_size": 61, "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4}),
]  # fmt: skip


def written(folder: Path, cls: str, config: dict[str, Any]) -> tuple[Any, Path]:
    """Their model, random, and the file that it saves."""
    torch.manual_seed(0)
    kind = getattr(package(), cls)
    theirs = disturb(kind(kind.config_class(**config))).eval()
    theirs.save_pretrained(folder)
    return theirs, folder / "model.safetensors"


def numbers(theirs: Any, ids: Any, heads: bool = False) -> Any:
    """What the model that was saved computes, or its heads."""
    if heads:
        return theirs(ids).seq_relationship_logits
    if theirs.config.is_encoder_decoder:
        return theirs(input_ids=ids, decoder_input_ids=ids[:, :5]).logits
    base = getattr(theirs, theirs.base_model_prefix, theirs)
    return base(ids).last_hidden_state if theirs.config.model_type in ("bert", "albert") else theirs(ids)[0]


def answers(mine: Any, ids: Any) -> Any:
    """What the model computes that was filled from the file."""
    given = {"kinds": torch.zeros_like(ids), "mask": torch.ones_like(ids, dtype=torch.bool), "shifted": ids[:, :5]}
    names = [entry.value.name for entry in type(mine).__graph__.definition.inputs]
    found = mine(*(given.get(name, ids) for name in names))
    return found[0] if isinstance(found, tuple) else found


@pytest.mark.parametrize(
    ("name", "settings", "cls", "config"), CHECKPOINTS, ids=[f"{name}-{cls}" for name, _, cls, _ in CHECKPOINTS]
)
@torch.no_grad()
def test_a_file_fills_the_model(
    name: str, settings: dict[str, Any], cls: str, config: dict[str, Any], tmp_path: Path
) -> None:
    """By the table that lies beside the spec, which nobody names; then outputs are theirs at two lengths."""
    theirs, file = written(tmp_path, cls, config)
    spec, _, model = name.partition(":")
    mine = shipped.net(spec)[model](**settings, weights=file).eval()
    for length in (23, 7):
        ids = torch.randint(61, (3, length))
        expected = numbers(theirs, ids, heads=model == "BERTPretraining")
        if cls == "GPT2Model":
            expected = expected @ theirs.wte.weight.T
        assert expected.abs().max() > 0.01
        assert shipped.difference((answers(mine, ids), expected)) <= 1e-5


@torch.no_grad()
def test_a_file_goes_to_onnx_without_torch(tmp_path: Path) -> None:
    """The command, its table found and named; the graph computes what transformers does."""
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    name, settings, cls, config = CHECKPOINTS[0]
    theirs, file = written(tmp_path, cls, config)
    out = tmp_path / "model.onnx"
    code = (
        "import sys; sys.modules['torch'] = sys.modules['safetensors'] = None\n"
        "from dslnet.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    spec = shipped.SPECS / "gpt2.net"
    words = ["compile", f"{spec}:GPT2", "-o", str(out), "--no-verify", "--weights", str(file)]
    for key, value in settings.items():
        words += ["--set", f"{key}={value}"]
    for more in ([], ["--names", str(shipped.SPECS / "gpt2.transformers.names")]):
        done = subprocess.run([sys.executable, "-c", code, *words, *more], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "gpt2.transformers.names" in done.stderr
        session = runtime.InferenceSession(str(out))
        for length in (23, 7):
            ids = torch.randint(61, (3, length))
            (found,) = session.run(None, {"tokens": ids.numpy()})
            assert shipped.difference((torch.from_numpy(found), theirs(ids).logits)) <= 1e-5


def published() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """file:Model, and the configuration that was published."""
    gpt2 = {"GPT2": (768, 12, 12), "GPT2Medium": (1024, 24, 16), "GPT2Large": (1280, 36, 20), "GPT2XL": (1600, 48, 25)}
    for name, (width, depth, heads) in gpt2.items():
        yield f"gpt2:{name}", "GPT2LMHeadModel", {"n_embd": width, "n_layer": depth, "n_head": heads}
    yield "bert:BERT", "BertModel", {}
    yield "bert:BERTCased", "BertModel", {"vocab_size": 28996}
    large = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096}
    yield "bert:BERTLarge", "BertModel", large
    t5 = {"T5Small": (512, 8, 6), "T5Base": (768, 12, 12), "T5Large": (1024, 16, 24)}
    for name, (width, heads, depth) in t5.items():
        sizes = {"d_model": width, "d_ff": 4 * width, "num_heads": heads, "num_layers": depth}
        yield f"t5:{name}", "T5ForConditionalGeneration", sizes
    llama = {
        "Llama2_7B": (32000, 4096, 11008, 32, 32, 32),
        "Llama2_13B": (32000, 5120, 13824, 40, 40, 40),
        "Llama2_70B": (32000, 8192, 28672, 80, 64, 8),
        "Llama3_8B": (128256, 4096, 14336, 32, 32, 8),
    }
    keys = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
            "num_key_value_heads")  # fmt: skip
    for name, values in llama.items():
        yield f"llama:{name}", "LlamaForCausalLM", dict(zip(keys, values, strict=True))
    albert = {"ALBERT": (768, 12, 12), "ALBERTLarge": (1024, 24, 16), "ALBERTXLarge": (2048, 24, 16),
              "ALBERTXXLarge": (4096, 12, 64)}  # fmt: skip
    for name, (width, depth, heads) in albert.items():
        sizes = {"hidden_size": width, "num_hidden_layers": depth, "num_attention_heads": heads}
        yield f"albert:{name}", "AlbertModel", {**sizes, "intermediate_size": 4 * width}
    text = {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12, "num_hidden_layers": 12}
    wide = {"hidden_size": 1024, "intermediate_size": 4096, "num_attention_heads": 16, "num_hidden_layers": 24}
    yield "clip:CLIP", "CLIPModel", {"vision_config": {"patch_size": 32}}
    yield "clip:CLIPB16", "CLIPModel", {"vision_config": {"patch_size": 16}}
    both = {"text_config": text, "vision_config": {**wide, "patch_size": 14}, "projection_dim": 768}
    yield "clip:CLIPL14", "CLIPModel", both


PUBLISHED = list(published())


@pytest.mark.parametrize(("name", "cls", "config"), PUBLISHED, ids=[name for name, _, _ in PUBLISHED])
def test_a_preset_has_the_published_shapes(name: str, cls: str, config: dict[str, Any]) -> None:
    """Each weight by the table, in its shape; nothing is left on either side."""
    kind = getattr(package(), cls)
    with torch.device("meta"):
        theirs = kind(kind.config_class(**config))
    file, _, model = name.partition(":")
    graph = shipped.net(file)[model].graph()
    table = read_table(str(shipped.SPECS / f"{file}.transformers.names"), Report())
    assert table is not None
    tied = {id(p): key for key, p in reversed(list(theirs.named_parameters(remove_duplicate=False)))}
    state = {key: theirs.get_parameter(key).data for key in sorted(tied.values())}
    made = fitted(state, definition_weights(graph, graph.entry), [table], file="theirs", model=name, only=True)
    assert len(made.tensors) == len(list(definition_weights(graph, graph.entry)))


def test_gpt2_trains_as_theirs_does() -> None:
    """The gradient of the same loss, at the tied table and at the first layer."""
    torch.manual_seed(0)
    mine, theirs = pair()
    ids = torch.randint(97, (3, 9))
    expected = theirs(ids, labels=ids).loss
    logits = mine(ids)
    loss = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())
    assert abs(float((loss - expected).detach())) <= 1e-5
    expected.backward()
    loss.backward()
    first = theirs.transformer.h[0].mlp.c_fc.weight.grad.T
    assert distance(mine.wte.weight.grad, theirs.transformer.wte.weight.grad) <= 1e-5
    assert distance(mine.h[0].linear1.weight.grad, first) <= 1e-5


def test_a_file_of_another_size_is_a_diagnostic(tmp_path: Path) -> None:
    name, settings, cls, config = CHECKPOINTS[0]
    _, file = written(tmp_path, cls, config)
    with pytest.raises(dslnet.NetError, match="E0823.*`transformer.h.1.*which GPT2 does not have"):
        shipped.net("gpt2").GPT2(**{**settings, "layers": 1}, weights=file)


# ----------------------------------------------------------------------------------------------- the page

PAGE = shipped.SPECS.parent / "docs" / "checkpoints.md"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with shipped specs, at small sizes, and with a file that transformers wrote."""
    specs = tmp_path / "specs"
    specs.mkdir()
    for name in ("gpt2.net", "resnet.net"):
        text = (shipped.SPECS / name).read_text("utf-8")
        for key, value in (CHECKPOINTS[0][1] if name == "gpt2.net" else {}).items():
            text = re.sub(rf"\b{key}=\d+(?=[^)]*\):)", f"{key}={value}", text, count=1)
        (specs / name).write_text(re.sub(r"^## params: .*\n", "", text, flags=re.MULTILINE), "utf-8")
    table = "gpt2.transformers.names"
    (specs / table).write_bytes((shipped.SPECS / table).read_bytes())
    written(tmp_path, CHECKPOINTS[0][2], CHECKPOINTS[0][3])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_programs_of_the_page(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of its Python, as one program; torchvision's weights are new ones in the place of published ones."""
    torchvision = vision()
    make = torchvision.models.resnet50
    monkeypatch.setattr(torchvision.models, "resnet50", lambda weights: make())
    programs = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    known: dict[str, Any] = {}
    exec(compile("".join(programs), PAGE.name, "exec"), known)
    assert {"model", "resnet"} <= set(known)


def test_commands_of_the_page(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command, and the diagnostic that the page shows."""
    pytest.importorskip("onnxruntime")
    text = PAGE.read_text("utf-8")
    commands = re.findall(r"^dslnet (.*)$", text, re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        assert main(command.split()) == 0
        assert "gpt2.transformers.names" in capsys.readouterr().err
    settings = ["--set", "layers=1"]
    assert main([*commands[0].split(), *settings]) == 1
    shown = capsys.readouterr().err
    said = text[text.index("error[E0823]") :].partition("```")[0]
    assert said in shown


def test_the_table_of_the_page() -> None:
    """Its example is a table, and has every kind of line."""
    text = PAGE.read_text("utf-8")
    example = text[text.index("```\nprefix ") + 4 :].partition("```")[0]
    report = Report()
    made = parse_table(Source("page.names", example), report)
    assert made is not None, report.diagnostics
    assert made.prefix and any(rule.transpose for rule in made.rules) and any(not rule.ours for rule in made.rules)
    assert made.lead("transformer.h.3.attn.c_attn.weight")[0] == [f"h.3.attention1.{n}.weight" for n in "qkv"]


def test_the_page_names_the_files() -> None:
    """Those that have torchvision's names, and those that have a table."""
    from test_parity_vision import TORCHVISION

    rows = re.findall(r"^\| (`.*`) \| (\w+)'s? \| (by [a-z ]*[a-z])", PAGE.read_text("utf-8"), re.MULTILINE)
    found = {(whose, how): set(re.findall(r"`(\w+)`", files)) for files, whose, how in rows}
    assert found.pop(("torchvision", "by name")) == {name.partition(":")[0] for name in TORCHVISION}
    tables: dict[tuple[str, str], set[str]] = {}
    for path in shipped.SPECS.glob("*.names"):
        file, *_, whose, _ = path.name.split(".")
        tables.setdefault((whose, "by the table of names beside the file"), set()).add(file)
    assert found == tables
