"""The second act: two volumes, one instant, and backups that come back.

A bank keeps its savings in one database and its checking accounts in another, each on a volume of
its own; one process has both open, and moves money between them, so that the sum over both is what
never changes. Shadow copies of both are taken in three ways, and another process adds up what it
finds in them. Then come three nights: the copies of a set are backed up by that passive process, in
full and then what has changed; all of it is restored and compared; and nothing is left behind.

==============  ==================================================================
``act``         the story, step by step
``office``      the active process: the bank, its teller, its shadow copies
``notary``      a participant that notes what the volumes are at the instant
``clerk``       the passive process: audits, backs up, restores, compares
``remains``     what is left behind at the end
``messages``    what the processes tell each other
==============  ==================================================================
"""
