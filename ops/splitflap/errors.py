"""What the command says when it cannot do what was asked, and with which exit status."""

import click


class Refused(click.ClickException):
    """Nothing was done, or not all of it; the message is for people, the exit status 1."""

    def show(self, file: object = None) -> None:  # noqa: ARG002 - click's protocol
        """One clear line, or a few, on standard error."""
        click.echo(f"splitflap: {self.message}", err=True)


class WrongSettingsGiven(Refused):
    """Settings from the environment cannot be used."""

    exit_code = 78
