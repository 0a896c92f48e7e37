"""Why a service is not ready: objects in, one cause with its evidence out. Rules live here, each in the file of what it
looks at; ``causes.py`` lists what they can find. Never here: how the objects are fetched, how the answer is drawn."""

from kmon_tui.domain.diagnosis.causes import CAUSES, Cause
from kmon_tui.domain.diagnosis.diagnose import diagnose
from kmon_tui.domain.diagnosis.together import Together, together

__all__ = ["CAUSES", "Cause", "Together", "diagnose", "together"]
