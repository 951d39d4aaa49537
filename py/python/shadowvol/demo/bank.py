"""A bank: accounts whose balances add up to the same sum for ever.

Its accounts are in all databases that a connection sees; if there are several, money moves between
them.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import apsw

ACCOUNTS = 20_000
"""In each database."""
BALANCE = 1_000
PAPERS = 16
PAPER = 512 << 10

# Some text in each account spreads the accounts over more pages.
_NOTE = "shadow copies are constants; " * 4


def found(connection: apsw.Connection) -> None:
    """Make the accounts."""
    rows = [(number, BALANCE, _NOTE) for number in range(ACCOUNTS)]
    for name in _databases(connection):
        connection.execute(f"PRAGMA {name}.page_size = 4096")
        connection.execute(f"PRAGMA {name}.journal_mode = delete")
        with connection:
            connection.execute(
                f"CREATE TABLE {name}.account "
                "(id INTEGER PRIMARY KEY, balance INTEGER NOT NULL, note TEXT)"
            )
            connection.executemany(f"INSERT INTO {name}.account VALUES (?, ?, ?)", rows)  # noqa: S608 - no user's words


def file_papers(connection: apsw.Connection, seed: int) -> None:
    """Put scanned papers into the databases: bytes that nobody can compress."""
    chance = random.Random(seed)  # noqa: S311 - papers, not secrets
    for name in _databases(connection):
        with connection:
            connection.execute(f"CREATE TABLE {name}.paper (id INTEGER PRIMARY KEY, scan BLOB)")
            papers = ((number, chance.randbytes(PAPER)) for number in range(PAPERS))
            connection.executemany(f"INSERT INTO {name}.paper VALUES (?, ?)", papers)  # noqa: S608 - no user's words


class Teller:
    """Moves money, with amounts and accounts that a seed decides."""

    def __init__(self, connection: apsw.Connection, seed: int) -> None:
        """Work on this connection's databases."""
        self._connection = connection
        self._random = random.Random(seed)  # noqa: S311 - amounts, not secrets
        self._databases = _databases(connection)
        self._changes = {
            name: f"UPDATE {name}.account SET balance = balance + ? WHERE id = ?"  # noqa: S608 - no user's words
            for name in self._databases
        }
        self.transfers = 0

    def transfer(self) -> None:
        """Move an amount between a few accounts, in one transaction."""
        chance = self._random
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for _ in range(chance.randint(1, 8)):
                source, target = chance.sample(range(ACCOUNTS), 2)
                amount = chance.randint(1, 500)
                giver, taker = chance.choice(self._databases), chance.choice(self._databases)
                self._connection.execute(self._changes[giver], (-amount, source))
                self._connection.execute(self._changes[taker], (amount, target))
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
        self.transfers += 1

    def embezzle(self) -> None:
        """Take what is nobody's: the sum is wrong from now on."""
        self._connection.execute(self._changes[self._databases[0]], (-1, 7))


def audit(connection: apsw.Connection) -> list[str]:
    """What is wrong with the databases, in words; nothing, one hopes."""
    wrong: list[str] = []
    count = total = 0
    databases = _databases(connection)
    for name in databases:
        rows = connection.execute(f"PRAGMA {name}.integrity_check")
        found = [" ".join(str(row[0]).split()) for row in rows]
        if found != ["ok"]:
            wrong += (f"integrity_check of {name}: {line}" for line in found)
        query = f"SELECT count(*), sum(balance) FROM {name}.account"  # noqa: S608 - no user's words
        row: tuple[Any, ...] = connection.execute(query).fetchall()[0]
        number, money = row
        count += number
        total += money or 0
    accounts = len(databases) * ACCOUNTS
    if (count, total) != (accounts, accounts * BALANCE):
        wrong.append(f"{count} accounts hold {total}, not {accounts} and {accounts * BALANCE}")
    return wrong


def _databases(connection: apsw.Connection) -> list[str]:
    """What SQLite calls them: the first one ``main``, the others as they were attached."""
    return [name for name in connection.db_names() if name != "temp"]
