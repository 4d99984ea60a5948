"""Errors of the commands, each with its exit status."""

import click


class CommandError(click.ClickException):
    """The command failed, wholly or in part; the message is for people. Exit status 1."""

    def show(self, file: object = None) -> None:  # noqa: ARG002 - click's signature
        """Write the message to standard error."""
        click.echo(f"splitflap: {self.message}", err=True)


class BadEnvironment(CommandError):
    """Settings in the environment are invalid. Exit status 78."""

    exit_code = 78
