"""Errors of the commands, each with its exit status."""

import io
from typing import IO, Any, NoReturn

import click

from splitflap.output import echo


class CommandError(click.ClickException):
    """The command failed, wholly or in part; the message is for people. Exit status 1."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the message to a file, or to standard error."""
        click.echo(f"splitflap: {self.message}", file=file, err=True)


class BadEnvironment(CommandError):
    """Settings in the environment are invalid. Exit status 78."""

    exit_code = 78


class SafeGroup(click.Group):
    """A group of commands. Their errors may quote text from outside, such as the name of a file."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            _end(ctx, error)
        except BrokenPipeError:
            raise  # click ends without a message: nobody reads the output
        except OSError as error:
            _end(ctx, CommandError(f"cannot read or write a file: {error}"))


def _end(ctx: click.Context, error: click.ClickException) -> NoReturn:
    shown = io.StringIO()
    error.show(shown)
    echo(shown.getvalue().rstrip("\n"), err=True)
    ctx.exit(error.exit_code)
