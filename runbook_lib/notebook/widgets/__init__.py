"""For a person in front of the notebook: widgets. Without one, the same calls print plain text.

ipywidgets is imported only where something is shown to a person.
"""

from runbook_lib.notebook.widgets.asking.challenge import challenge
from runbook_lib.notebook.widgets.asking.exercise import exercise
from runbook_lib.notebook.widgets.asking.prediction import prediction
from runbook_lib.notebook.widgets.asking.questions import questions
from runbook_lib.notebook.widgets.inbox import inbox
from runbook_lib.notebook.widgets.live_board import board, follow
from runbook_lib.notebook.widgets.overview import overview
from runbook_lib.notebook.widgets.parameter_form import lab_parameters, parameters
from runbook_lib.notebook.widgets.parts import say
from runbook_lib.notebook.widgets.start_over import progress
from runbook_lib.notebook.widgets.step_cards import plan
from runbook_lib.notebook.widgets.verdict_banner import verdict

__all__ = [
    "board",
    "challenge",
    "exercise",
    "follow",
    "inbox",
    "lab_parameters",
    "overview",
    "parameters",
    "plan",
    "prediction",
    "progress",
    "questions",
    "say",
    "verdict",
]
