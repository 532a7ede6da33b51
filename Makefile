# Everything here works on a fresh machine that has Python 3.11 or later and a network for pip.
PYTHON ?= python3
BIN := .venv/bin
TORCH := torch==2.13.0
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet
# What tests compare with; a machine where one of these does not install skips those tests visibly.
PEERS := pytorch-lightning==2.6.6 tensorboard transformers torch_geometric pillow numpy huggingface_hub safetensors pyyaml

.PHONY: help demo test lint bench clean

help:
	@echo "make demo    an environment in .venv; a ResNet is checked, summarised, compiled and run on a batch"
	@echo "make test    all tests; those whose packages or programs are missing are skipped, and listed"
	@echo "make lint    ruff and mypy"
	@echo "make bench   the benchmarks, whose figures are in docs/performance.md"
	@echo "make clean   .venv and what the demo wrote are removed"

.venv/made: pyproject.toml
	$(PYTHON) -m venv .venv
	$(PIP) --upgrade pip
	$(PIP) "$(TORCH)" numpy
	$(PIP) -e .
	@touch $@

.venv/tested: .venv/made
	$(PIP) -e ".[dev]"
	-$(PIP) --no-deps torchvision==0.28.0 timm
	-$(PIP) $(PEERS)
	@touch $@

demo: .venv/made
	$(BIN)/dslnet check specs/resnet.net
	$(BIN)/dslnet summary specs/resnet.net:ResNet18
	@mkdir -p demo
	$(BIN)/dslnet compile specs/resnet.net:ResNet18 -o demo/resnet18.py
	$(BIN)/python examples/run_module.py demo/resnet18.py

test: .venv/tested
	$(BIN)/python -m pytest -n 2

lint: .venv/tested
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: .venv/tested
	$(PIP) onnxscript
	for script in startup parsing syntax_recovery library depth forward training onnx_export; do \
		$(BIN)/python benchmarks/$$script.py || exit 1; done

clean:
	rm -rf .venv demo
