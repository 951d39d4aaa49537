"""What the notebooks of the repository are made of, for notebooks of your own.

It measures, models and draws; the notebooks only call. ``pip install 'shadowvol[notebooks]'``
brings what it needs.

===================  ==============================================================================
``style``            how all plots look
``tour``             a process of its own, and a map of what changed between copies
``proof``            what the explorer of the protocol has visited, with the stories as data
``schedule``         a story as a picture: lanes of nodes and media, W1 to W4 and R1 to R4
``proof_plots``      states, depths, and the stories of broken rules
``latencies``        times with counts, also from the logs of the benches
``overwrites``       what an overwrite costs beside a shadow copy
``latency_plots``    histograms and percentiles
``model``            what a reader meets beside a writer, as formulas
``counted``          the same with writes for a clock, by the real engine
``readers``          the same by the clock, beside a writer in another process
``reader_plots``     what was found, and what the model says
``workload``         a database at work, recorded
``sizing_plots``     plans for the diff area
``benches``          what ``make bench`` has saved
===================  ==============================================================================
"""

from shadowvol.analysis import _needs as _needs
from shadowvol.analysis.benches import Results, bench_results
from shadowvol.analysis.counted import Counted, count_reads
from shadowvol.analysis.latencies import Latencies, read_log
from shadowvol.analysis.latency_plots import (
    draw_histograms,
    draw_lines,
    draw_moved,
    draw_percentiles,
)
from shadowvol.analysis.overwrites import Overwrites, measure_overwrites, summarise_overwrites
from shadowvol.analysis.proof import (
    BrokenRule,
    Event,
    Proof,
    Story,
    World,
    proof,
    summarise_rules,
    summarise_sets,
)
from shadowvol.analysis.proof_plots import draw_growth, draw_rules, draw_steps, draw_worlds
from shadowvol.analysis.reader_plots import draw_beside, draw_counted, draw_read_times
from shadowvol.analysis.readers import (
    Beside,
    ReadTimes,
    measure_beside,
    measure_read_times,
    summarise_beside,
)
from shadowvol.analysis.schedule import draw_schedule
from shadowvol.analysis.sizing_plots import draw_change, draw_chunks, draw_needs
from shadowvol.analysis.style import use_style
from shadowvol.analysis.tour import FailedElsewhereError, draw_changes, elsewhere

__all__ = [
    "Beside",
    "BrokenRule",
    "Counted",
    "Event",
    "FailedElsewhereError",
    "Latencies",
    "Overwrites",
    "Proof",
    "ReadTimes",
    "Results",
    "Story",
    "World",
    "bench_results",
    "count_reads",
    "draw_beside",
    "draw_change",
    "draw_changes",
    "draw_chunks",
    "draw_counted",
    "draw_growth",
    "draw_histograms",
    "draw_lines",
    "draw_moved",
    "draw_needs",
    "draw_percentiles",
    "draw_read_times",
    "draw_rules",
    "draw_schedule",
    "draw_steps",
    "draw_worlds",
    "elsewhere",
    "measure_beside",
    "measure_overwrites",
    "measure_read_times",
    "proof",
    "read_log",
    "summarise_beside",
    "summarise_overwrites",
    "summarise_rules",
    "summarise_sets",
    "use_style",
]
