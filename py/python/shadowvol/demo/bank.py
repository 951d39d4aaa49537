"""A bank: accounts whose balances add up to the same sum for ever."""

import random

import apsw

ACCOUNTS = 20_000
BALANCE = 1_000
TOTAL = ACCOUNTS * BALANCE

# Some text in each account spreads the accounts over more pages.
_NOTE = "shadow copies are constants; " * 4


def found(connection: apsw.Connection) -> None:
    """Make the accounts."""
    connection.pragma("page_size", 4096)
    connection.pragma("journal_mode", "delete")
    with connection:
        connection.execute(
            "CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL, note TEXT)"
        )
        rows = ((number, BALANCE, _NOTE) for number in range(ACCOUNTS))
        connection.executemany("INSERT INTO account VALUES (?, ?, ?)", rows)


class Teller:
    """Moves money, with amounts and accounts that a seed decides."""

    def __init__(self, connection: apsw.Connection, seed: int) -> None:
        """Work on this connection's database."""
        self._connection = connection
        self._random = random.Random(seed)  # noqa: S311 - amounts, not secrets
        self.transfers = 0

    def transfer(self) -> None:
        """Move an amount between a few accounts, in one transaction."""
        chance = self._random
        with self._connection:
            for _ in range(chance.randint(1, 8)):
                source, target = chance.sample(range(ACCOUNTS), 2)
                amount = chance.randint(1, 500)
                change = "UPDATE account SET balance = balance + ? WHERE id = ?"
                self._connection.execute(change, (-amount, source))
                self._connection.execute(change, (amount, target))
        self.transfers += 1


def audit(connection: apsw.Connection) -> list[str]:
    """What is wrong with the database, in words; nothing, one hopes."""
    wrong = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
    wrong = [] if wrong == ["ok"] else [f"integrity_check: {line}" for line in wrong]
    count, total = connection.execute("SELECT count(*), sum(balance) FROM account").fetchall()[0]
    if (count, total) != (ACCOUNTS, TOTAL):
        wrong.append(f"{count} accounts hold {total}, not {ACCOUNTS} and {TOTAL}")
    return wrong
