"""The list of commands in ``shadowvol --help``: by what they are for, not by the alphabet."""

import click

from shadowvol.cli.errors import ErrorGroup

SECTIONS = {
    "Volumes": ("init", "info", "check", "revert"),
    "Shadow copies": ("snapshot", "set", "list", "diff", "copy", "fork", "mount", "delete", "gc"),
    "Files inside": ("ls", "cat"),
    "Backups": ("backup", "backups", "restore", "verify", "prune"),
}
OTHERS = "More"


class SectionedGroup(ErrorGroup):
    """A group that lists its commands in sections."""

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the list; a command that is in no section comes last."""
        left = {name: command for name, command in self.commands.items() if not command.hidden}
        width = formatter.width - 6 - max(map(len, left))
        for title, names in (*SECTIONS.items(), (OTHERS, tuple(left))):
            rows = [
                (name.ljust(max(map(len, self.commands))), left.pop(name).get_short_help_str(width))
                for name in names
                if name in left
            ]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)
