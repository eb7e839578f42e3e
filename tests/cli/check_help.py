#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/command-line.md holds what --help prints, of each command.

check_help.py CLI PAGE [--write]      --write: makes the page
"""
import re
import subprocess
import sys

HEAD = """# The command line

What `cnn2snn COMMAND --help` prints. Exit status: 0 done; 1 the model, a file or a value can't be used; 2 wrong usage
([errors](errors.md)). [api-map.md](api-map.md) has the options of the Python toolkit beside these.
`tests/cli/check_help.py BUILD/tools/cnn2snn/cnn2snn docs/command-line.md --write` makes this page.
"""


def help_of(cli, *command):
    return subprocess.run([cli, *command, "--help"], capture_output=True, text=True, check=True).stdout.rstrip()


def main(cli, page, write=False):
    overview = help_of(cli)
    commands = re.findall(r"^  ([a-z-]+)  ", overview, re.M)
    assert len(commands) >= 12, commands
    text = HEAD + f"\n```\n{overview}\n```\n"
    for command in commands:
        text += f"\n## {command}\n\n```\n{help_of(cli, command)}\n```\n"
    if write:
        with open(page, "w") as file:
            file.write(text)
        return 0
    found = open(page).read()
    for line in sorted(set(text.splitlines()) - set(found.splitlines())):
        print(f"not in {page}: {line}")
    print(f"{len(commands)} commands, {'the same' if found == text else 'the page is another'}")
    return found != text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], "--write" in sys.argv[3:]))
