"""The commands and their options, as click has them.

Enters: the words after `dslnet`. Leaves: calls of `commands`, which are imported when one is called. `cli` imports
this file only when it is needed, since importing click costs more than checking a spec.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from . import __version__
from .render import FORMATS
from .terminal import Session, tell

Command = TypeVar("Command", bound=Callable[..., Any])


def run(arguments: list[str] | None, session: Session) -> int:
    """Run the command that the words name. Raises what commands raise, but nothing of click's."""
    try:
        result = cli.main(arguments, prog_name="dslnet", standalone_mode=False, obj=session)
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as exit:
        return exit.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        tell(_usage(error))
        return 2


def _usage(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    help = f"see `{context.command_path} --help`\n" if context is not None else ""
    return f"dslnet: {error.format_message()}\n{help}"


def reading(command: Command) -> Command:
    """The options of every command that reads a spec."""
    for option in (
        click.option("--format", type=click.Choice(FORMATS), default="text", help="How mistakes are shown."),
        click.option("--limit", "limit", multiple=True, metavar="NAME=NUMBER", help="Raise a limit: boxes=1e7."),
        click.option("--root", metavar="FOLDER", help="Imports may be anywhere below this folder."),
        click.option("--strict", is_flag=True, help="Warnings count as errors."),
    ):
        command = option(command)
    return command


def building(command: Command) -> Command:
    """The options of every command that builds one model."""
    setting = click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="An argument: classes=10.")
    target = click.argument("target", metavar="FILE[:MODEL]")
    return reading(setting(target(command)))


def _shown(context: click.Context, option: click.Parameter, value: str | None) -> tuple[str, ...]:
    """The words of `--show`."""
    words = tuple(word.strip() for word in value.split(",")) if value is not None else ()
    for word in words:
        if word not in ("metrics", "sharing"):
            raise click.BadParameter(f"`{word}` is neither metrics nor sharing", context, option)
    return words


def _linked(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """The template of `--link`, which must lead somewhere, and nowhere where something could run."""
    from .targets.drawing.escape import url

    if value is None:
        return None
    odd = [word for word in re.findall(r"\{([^{}]*)\}", value) if word not in ("file", "line")]
    if odd:
        raise click.BadParameter(f"`{{{odd[0]}}}` is neither {{file}} nor {{line}}", context, option)
    if not value.strip() or url(value.replace("{file}", "x").replace("{line}", "1")) is None:
        told = f"`{value}` is not a link: it begins with https://, http:// or a relative path"
        raise click.BadParameter(told, context, option)
    return value


class _Draw(click.Command):
    """A command whose `--open` and `--close` are one list, in the order of the command line."""

    def make_parser(self, ctx: click.Context) -> Any:
        parser = super().make_parser(ctx)
        parse = parser.parse_args

        def ordered(args: list[str]) -> Any:
            values, rest, order = parse(args)
            left = {name: iter(values.get(name) or ()) for name in ("open", "close")}
            names = [option.name for option in order if option.name in left]
            ctx.meta["wishes"] = tuple((name == "open", next(left[name])) for name in names)
            return values, rest, order

        parser.parse_args = ordered  # type: ignore[method-assign]
        return parser


class InOrder(click.Group):
    """Lists the commands as they are written here: what is used first comes first."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=InOrder, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="dslnet %(version)s")
@click.pass_context
def cli(context: click.Context) -> int | None:
    """Neural networks as text: check, compile, draw and train `.net` files."""
    if context.invoked_subcommand is not None:
        return None
    tell(context.get_help() + "\n")
    return 2


@cli.command(short_help="Find every mistake in files.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@reading
@click.pass_obj
def check(session: Session, /, **options: Any) -> int:
    """Find every mistake in FILEs, without running anything."""
    from .commands import check

    return check(session, **options)


@cli.command(short_help="Write Python, ONNX, an exported program or JSON.")
@building
@click.option("-o", "--output", required=True, metavar="OUT", help="x.py, .onnx, .pt2 or .json; `-` prints Python.")
@click.option("--force", is_flag=True, help="Replace a file that dslnet did not write.")
@click.option("--allow-python", multiple=True, metavar="PKG", help="Python boxes may come from this package.")
@click.option("--inference", is_flag=True, help=".py: leave out what only training needs.")
@click.option("--weights", metavar="FILE", help=".onnx, .pt2: the weights, a .safetensors file; else new.")
@click.option("--names", metavar="FILE", help=".onnx, .pt2: what they are called there, a .names file.")
@click.option("--opset", type=int, metavar="N", help=".onnx: the version of its operators, 20 to 26.")
@click.option("--fold", is_flag=True, help=".onnx: fold batch norms into convolutions.")
@click.option(
    "--no-verify", "verify", is_flag=True, default=True, flag_value=False, help="Do not compare it with the module."
)
@click.pass_obj
def compile(session: Session, /, **options: Any) -> int:
    """Write a model as Python source, as ONNX, as an exported program or as JSON."""
    from .commands import compile

    return compile(session, **options)


@cli.command(short_help="Draw a model or a block as a figure for a paper.", cls=_Draw)
@building
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    metavar="OUT",
    help="x.svg, .png, .pdf, .dot, .html or .mmd; several share a layout; `-` prints DOT. Without it: MODEL.svg here.",
)
@click.option(
    "--level",
    type=click.Choice(("overview", "block", "full")),
    default="block",
    show_default=True,
    help="Cards of the top-level blocks; folded cards and a definition of each block; every layer.",
)
@click.option(
    "--open",
    multiple=True,
    metavar="PATH",
    help="Draw the inside of this part, at any level: a path (`encoder.*`), a block (`FiLMBlock`) or a role.",
)
@click.option("--close", multiple=True, metavar="PATH", help="Draw this part as one card; the last that fits counts.")
@click.option(
    "--theme",
    type=click.Choice(("auto", "light", "dark", "print")),
    default="auto",
    help="Colours; `auto`, the default, follows the reader in .svg and .html and is light elsewhere.",
)
@click.option("--orient", type=click.Choice(("TB", "BT", "LR")), help="Where the flow goes; else what suits the net.")
@click.option("--no-training", is_flag=True, help="Without losses, targets, and teachers.")
@click.option(
    "--sizes", type=click.Choice(("symbolic", "concrete")), default="symbolic", help="`d`, the default, or 512."
)
@click.option("--show", metavar="WORDS", callback=_shown, help="Draw `metrics` too, lines of `sharing`, or both.")
@click.option("--no-legend", is_flag=True, help="Without the legend.")
@click.option("--no-caption", is_flag=True, help="Without anything below the drawing.")
@click.option(
    "--link", metavar="TEMPLATE", callback=_linked, help="Boxes lead to the source: `https://…/{file}#L{line}`."
)
@click.option("--dpi", type=click.IntRange(20, 1200), default=150, show_default=True, help="Dots per inch of a PNG.")
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 3600),
    default=60.0,
    show_default=True,
    help="Seconds that the layout may take.",
)
@click.option("--force", is_flag=True, help="Replace a file that dslnet did not make.")
@click.pass_obj
def draw(session: Session, /, **options: Any) -> int:
    """Draw a model or a block (FILE:BLOCK): a figure for a paper, laid out by Graphviz."""
    from .commands import draw

    wishes = click.get_current_context().meta["wishes"]
    del options["open"], options["close"]
    names = ("level", "orient", "show", "sizes", "link")
    chosen = {name: options.pop(name) for name in names}
    for name in ("training", "legend", "caption"):
        chosen[name] = not options.pop(f"no_{name}")
    return draw(session, wishes=wishes, options=chosen, **options)


@cli.command(short_help="Show a table: boxes, shapes, parameters, FLOPs, memory.")
@building
@click.pass_obj
def summary(session: Session, /, **options: Any) -> int:
    """Show a model as a table: boxes, shapes, parameters, FLOPs, memory."""
    from .commands import summary

    return summary(session, **options)


@cli.command(short_help="Train a model on data, as its spec says.")
@building
@click.option("--data", required=True, metavar="DATA", help="x.npz, x.safetensors, or `module:function`.")
@click.option("--epochs", required=True, type=click.IntRange(1), metavar="N", help="How often all rows are seen.")
@click.option("--out", required=True, metavar="DIR", help="The folder of the run: checkpoints, log, curves.")
@click.option("--draw", multiple=True, metavar="INPUT", help="Normal noise, drawn anew for every batch.")
@click.option("--validation", metavar="SHARE|DATA", help="A share of the rows, 0.1, or data of its own.")
@click.option("--batch-size", type=click.IntRange(0), metavar="N", help="Rows in a step, 32; 0 takes all of them.")
@click.option("--seed", type=click.IntRange(0, 2**31), default=0, help="Where all random numbers come from, 0.")
@click.option("--best", metavar="NAME", help="The loss or metric of the best epoch; `max:NAME`, `min:NAME`.")
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint in DIR, exactly.")
@click.option("--force", is_flag=True, help="Begin anew in a DIR that holds a run.")
@click.option("--save-every", type=click.IntRange(1), metavar="N", help="A checkpoint every N batches, too.")
@click.option("--weights", metavar="FILE", help="Begin at these weights, a .safetensors file.")
@click.option("--names", metavar="FILE", help="What somebody else's weights are called here.")
@click.option("--device", type=click.Choice(("auto", "cpu", "cuda", "mps")), default="auto", help="What computes.")
@click.option("--devices", type=click.IntRange(1), default=1, metavar="N", help="On so many devices, with Fabric.")
@click.option("--nodes", type=click.IntRange(1), default=1, metavar="N", help="On so many machines.")
@click.option("--strategy", type=click.Choice(("ddp", "fsdp")), help="Copies of the model, or its parts shared out.")
@click.option("--precision", metavar="NAME", help="bf16-mixed, 16-mixed, ...: as Fabric calls them.")
@click.option("--allow-python", multiple=True, metavar="PKG", help="Python boxes may come from this package.")
@click.pass_obj
def train(session: Session, /, **options: Any) -> int:
    """Train a model on data, as its `loss`, `train` and `optimizer` lines say."""
    from .commands import train

    return train(session, **options)


@cli.command(short_help="List the keys and shapes of the state_dict.")
@building
@click.pass_obj
def names(session: Session, /, **options: Any) -> int:
    """List the parameters of a model as its state_dict has them."""
    from .commands import names

    return names(session, **options)


@cli.command(short_help="Put files into canonical form.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 when a file would change.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
@click.option("--format", type=click.Choice(FORMATS), default="text", help="How mistakes are shown.")
@click.option("--limit", "limit", multiple=True, metavar="NAME=NUMBER", help="Raise a limit.")
@click.pass_obj
def fmt(session: Session, /, **options: Any) -> int:
    """Put FILEs into canonical form."""
    from .commands import fmt

    return fmt(session, **options)


@cli.command(short_help="Write a file to start from, for each design pattern.")
@click.argument("pattern", required=False)
@click.option("-o", "--output", metavar="OUT", help="x.net, else PATTERN.net here; `-` prints it.")
@click.option("--list", "listed", is_flag=True, help="List the patterns, as without PATTERN.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.pass_obj
def new(session: Session, /, pattern: str | None, output: str | None, listed: bool, force: bool) -> int:
    """Write a starting file for a design PATTERN, or list them."""
    from .starting import command

    return command(session, None if listed else pattern, output, force)


@cli.command(short_help="List the boxes, or describe one.")
@click.argument("name", required=False)
@click.pass_obj
def ops(session: Session, /, name: str | None) -> int:
    """List the boxes, or describe one."""
    from .lookups import ops

    return ops(session, name)


@cli.command(short_help="Explain a diagnostic, with a wrong spec and the right one.")
@click.argument("code", required=False)
def explain(code: str | None) -> int:
    """Explain a diagnostic: what it means, a wrong spec, the right one, why."""
    from .lookups import explain

    return explain(code)
