"""Types a command line in this process, beside a server that runs in the test's own loop."""

import asyncio

from edge.cli.main import main


async def typed(capsys, *words):
    """Exit code, standard output and standard error of `ampyard WORDS...`."""

    def run():
        try:
            return main(list(map(str, words)))
        except SystemExit as left:  # argparse
            return left.code

    async with asyncio.timeout(20):
        code = await asyncio.to_thread(run)
    said = capsys.readouterr()
    return code, said.out, said.err
